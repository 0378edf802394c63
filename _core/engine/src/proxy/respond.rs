//! Answers a request: plans it, and lets an upstream or the gateway itself answer.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::{RequestHead, Version, parse_request};

use crate::fault::{Failure, Kind};
use crate::filter::{Answered, Checked, Claim, UnderWay};
use crate::http1::accept::prefers_json;
use crate::http1::answer::Persistence;
use crate::http1::forward::{self, Facts};
use crate::http1::switch;
use crate::http1::told::{AddressText, Told};
use crate::log::{Client, Line};
use crate::proxy::account::{Account, Asked};
use crate::proxy::attempt::{Forwarded, Way};
use crate::proxy::client::{Connection, End};
use crate::proxy::cover::report;
use crate::proxy::inquire::Inquiry;
use crate::proxy::plan::{Arrival, Forward, Plan, plan};
use crate::proxy::reply::{self, Reply};
use crate::proxy::terms::Terms;
use crate::proxy::upload::Upload;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::transport::buffer::Buffer;

/// An answer of our own.
#[derive(Default)]
struct Local<'s> {
    route: Option<&'s Route>,
    /// The route whose HSTS is sent.
    secured: Option<&'s Route>,
    status: u16,
    location: Option<Vec<u8>>,
    challenge: Option<Vec<u8>>,
    failure: Option<Failure>,
}

impl<'s> Local<'s> {
    fn failure(route: Option<&'s Route>, failure: Failure) -> Self {
        Self { route, secured: route, status: failure.status(), failure: Some(failure), ..Self::default() }
    }

    fn routed(route: &'s Route, status: u16) -> Self {
        Self { route: Some(route), secured: Some(route), status, ..Self::default() }
    }
}

/// What is to be done, once everything that it takes is known.
enum Decision<'s> {
    Forward { way: Way<'s>, _under_way: Option<UnderWay> },
    Local(Local<'s>),
    Check(Claim, Option<UnderWay>),
    Ask(&'s Route, Box<Inquiry<'s>>, Option<UnderWay>),
}

/// What had to be found out about a request.
#[derive(Default)]
struct Found {
    checked: Option<Checked>,
    answered: Option<Arc<Answered>>,
}

impl Connection {
    /// Answers a request. `buffer` starts with its head and may hold bytes after it. True to go on.
    pub(super) async fn answer(&mut self, buffer: &Buffer, head: &RequestHead) -> bool {
        let worker = &Rc::clone(&self.worker);
        let bytes = buffer.filled().get(..head.len).unwrap_or_default();
        if let Some(rest) = buffer.filled().get(head.len..).filter(|rest| !rest.is_empty()) {
            let mut input = worker.blocks.buffer();
            input.append(rest);
            self.input = Some(input);
        }
        let current = worker.snapshots.get();
        let snapshot: &Snapshot = &current;
        let log = snapshot.log();
        let mut upload = Upload::new(head.framing, self.input.take(), worker.blocks.output());
        let mut added = Vec::new();
        let mut found = Found::default();
        // Gone before anything is waited for, and so no part of what is kept meanwhile.
        let (mut account, mut decision) = {
            let told = &self.told(snapshot, bytes, &worker.request_fields.borrow());
            let account = self.account(snapshot, bytes, head, told);
            let decision = self.decide(snapshot, (bytes, head, told), &account, &found, &mut upload, &mut added);
            (account, decision)
        };
        let mut under_way = Vec::new();
        // Each is found out once at most, so this ends.
        while matches!(decision, Decision::Check(..) | Decision::Ask(..)) {
            account.waits();
            // Boxed: every other request would carry its state about.
            match Box::pin(self.find_out(snapshot, decision, &mut found, upload.complete)).await {
                Ok(more) => under_way.extend(more),
                Err(failure) => {
                    decision = Decision::Local(failure);
                    break;
                }
            }
            added.clear();
            // Meanwhile other requests were read.
            let again = parse_request(bytes, &worker.keeping.get().again(), &mut worker.request_fields.borrow_mut());
            let told = &self.told(snapshot, bytes, &worker.request_fields.borrow());
            decision = match again {
                Ok(Some(_)) => self.decide(snapshot, (bytes, head, told), &account, &found, &mut upload, &mut added),
                _ => Decision::Local(Local::failure(None, Failure::of(Kind::TooBusy))),
            };
        }
        let keep = match &mut decision {
            Decision::Forward { way, .. } => {
                account.route(way.route);
                let cookies = found.answered.as_ref().map_or(&b""[..], |answered| &answered.cookies);
                let always = way.route.filters.as_ref().and_then(|filters| filters.external.as_ref());
                // Those that are always set are among the added ones.
                way.cookies = if always.is_some_and(|external| external.always_set_cookie) { b"" } else { cookies };
                way.added = &added;
                match self.forward(snapshot, way, bytes, head, &mut upload, &mut account).await {
                    Forwarded::Done(keep) => keep,
                    Forwarded::Covered(status) => {
                        // Boxed, as all is that few requests come to: every other one would carry its state about.
                        Box::pin(self.cover(status, snapshot, way, (bytes, head), &mut upload, &mut account)).await
                    }
                }
            }
            Decision::Local(local) => {
                match (local.route, local.secured, local.failure) {
                    (Some(route), ..) => account.route(route),
                    // No route, and no host whose matter it could be.
                    (None, None, Some(Failure { kind: Kind::NoRoute, .. })) if !log.unrouted => account.unlogged(),
                    _ => {}
                }
                match local.route.filter(|route| route.errors.as_ref().is_some_and(|it| it.cover(local.status))) {
                    Some(route) => {
                        if let Some(failure) = local.failure {
                            account.fail(failure);
                        }
                        let way = Way::to_errors(route, &added);
                        let status = local.status;
                        Box::pin(self.cover(status, snapshot, &way, (bytes, head), &mut upload, &mut account)).await
                    }
                    None => self.reply_local(local, &added, bytes, head, &mut upload, &mut account).await,
                }
            }
            Decision::Check(..) | Decision::Ask(..) => false,
        };
        self.input = upload.input.take().or(self.input.take());
        worker.blocks.put_output(std::mem::take(&mut upload.output));
        if log.skips(head.target.of(bytes)) {
            account.unlogged();
        }
        account.finish(self, Asked::Request(head, bytes));
        keep
    }

    /// What a proxy before us says of the request whose fields were read last.
    pub(super) fn told<'a>(&self, snapshot: &Snapshot, bytes: &'a [u8], fields: &Fields) -> Told<'a> {
        let listener = snapshot.listener(&self.entry.name);
        let forwarders = listener.and_then(|listener| listener.forwarders.as_ref());
        Told::read(forwarders, self.peer.ip(), bytes, fields)
    }

    /// The account of a request whose fields were read last.
    fn account(&self, snapshot: &Snapshot, bytes: &[u8], head: &RequestHead, told: &Told<'_>) -> Account {
        let worker = &self.worker;
        let client = told.client(self.peer.ip());
        let mut account = Account::begin(worker, told.address.is_some().then_some(client));
        account.follow(snapshot.log(), worker, |line| {
            let address = told.address.as_ref().map_or(self.peer_text.as_bytes(), AddressText::as_bytes);
            self.introduce_to(line, (address, client), told.secure(self.is_secure()));
        });
        account.request(bytes, head, &worker.request_fields.borrow(), || worker.fresh_id());
        account
    }

    /// Tells a line of the log who asks: the client's address, and whether it came over TLS.
    #[cold]
    pub(super) fn introduce_to(&self, line: &mut Line, (address, ip): (&[u8], IpAddr), tls: bool) {
        line.client(&Client {
            address,
            ip,
            port: if ip == self.peer.ip() { self.peer.port() } else { 0 },
            near: self.peer,
            proxied: self.came_to != 0,
            socket: self.stream.descriptor(),
            came_to: self.port(),
            tls,
            requests: self.requests,
            pipelined: self.input.as_ref().is_some_and(|input| !input.is_empty()),
        });
    }

    /// Finds out what a decision waits for. What is to be answered instead, if nobody waits for it any more.
    async fn find_out<'s>(
        &mut self,
        snapshot: &'s Snapshot,
        decision: Decision<'s>,
        found: &mut Found,
        whole: bool,
    ) -> Result<Option<UnderWay>, Local<'s>> {
        match decision {
            Decision::Check(claim, under_way) => {
                found.checked = Some(self.check(claim).await);
                Ok(under_way)
            }
            Decision::Ask(route, inquiry, under_way) => {
                let asked = self.ask(snapshot, &inquiry, &route.policy, whole).await;
                found.answered = Some(asked.map_err(|failure| Local::failure(Some(route), failure))?);
                Ok(under_way)
            }
            Decision::Forward { .. } | Decision::Local(_) => Ok(None),
        }
    }

    /// Judges a request, and writes the head that goes to an upstream, if one gets it.
    fn decide<'s>(
        &self,
        snapshot: &'s Snapshot,
        (bytes, head, told): (&[u8], &RequestHead, &Told<'_>),
        account: &Account,
        found: &Found,
        upload: &mut Upload,
        added: &mut Vec<u8>,
    ) -> Decision<'s> {
        let worker = &*self.worker;
        let fields = worker.request_fields.borrow();
        let id = account.request_id(bytes);
        let arrival = Arrival {
            table: snapshot.listener_table(&self.entry.name),
            tls: told.secure(self.is_secure()),
            secured: self.secured(),
            public: told.host,
            port: self.port(),
            peer: told.client(self.peer.ip()),
            peer_text: told.address.as_ref().map_or(self.peer_text.as_bytes(), AddressText::as_bytes),
            id,
            bytes,
            head,
            fields: &fields,
            checked: found.checked,
            answered: found.answered.as_deref(),
            told,
            near: self.peer_text.as_bytes(),
        };
        let mut scratch = worker.scratch.borrow_mut();
        let mut lines = Vec::new();
        match plan(worker, snapshot, &arrival, &mut scratch, &mut lines, added) {
            Plan::Forward(forward) => {
                let Forward { route, path, backend, tls, spare, preference, under_way, copy } = forward;
                if spare && let Err(fault) = report(503, route, bytes, head, &fields, &mut lines) {
                    return Decision::Local(Local::failure(Some(route), Failure::client(fault)));
                }
                let facts = Facts {
                    peer: self.peer_text.as_bytes(),
                    port: self.port(),
                    tls: self.is_secure(),
                    told,
                    id,
                    http10: route.policy.http10,
                    edits: route.filters.as_ref().and_then(|filters| filters.request()),
                    lines: &lines,
                    reports: spare,
                    trailers: &worker.request_trailers,
                };
                let outgoing = upload.outgoing(head.framing, &route.policy, &worker.request_trailers);
                match forward::write(&mut upload.output.bytes, bytes, head, &fields, path, &facts, outgoing) {
                    Ok(()) => {
                        upload.head_written();
                        upload.copy = match (copy, &route.mirror) {
                            (Some(draft), Some(mirror)) => {
                                let facts = Facts { edits: Some(&mirror.edits), reports: false, ..facts };
                                draft.with_head(bytes, head, &fields, &facts)
                            }
                            _ => None,
                        };
                        let errors = route.errors.as_deref();
                        Decision::Forward {
                            way: Way { route, backend, tls, preference, added: b"", cookies: b"", errors },
                            _under_way: under_way,
                        }
                    }
                    Err(fault) => Decision::Local(Local::failure(Some(route), Failure::client(fault))),
                }
            }
            Plan::Check { claim, under_way } => Decision::Check(claim, under_way),
            Plan::Ask { route, inquiry, under_way } => Decision::Ask(route, inquiry, under_way),
            Plan::Redirect { route, status, location } => {
                Decision::Local(Local { location: Some(location), ..Local::routed(route, status) })
            }
            Plan::Send { secured, location } => Decision::Local(Local {
                secured,
                status: 302,
                location: Some(location.as_bytes().to_vec()),
                ..Local::default()
            }),
            Plan::Challenge { route, challenge } => {
                Decision::Local(Local { challenge: Some(challenge), ..Local::routed(route, 401) })
            }
            Plan::Respond { route, status } => Decision::Local(Local::routed(route, status)),
            Plan::Fail { route, secured, failure } => {
                let failure = if snapshot.is_empty() { Failure::of(Kind::NoSnapshot) } else { failure };
                Decision::Local(Local { secured, ..Local::failure(route, failure) })
            }
        }
    }

    /// Answers a failed request whose response has not begun.
    pub(super) async fn fail(
        &mut self,
        failure: Failure,
        head: &RequestHead,
        bytes: &[u8],
        upload: &Upload,
        account: &mut Account,
        terms: &Terms<'_>,
    ) -> bool {
        account.fail(failure);
        if failure.kind == Kind::ClientGone {
            return false;
        }
        // An upload that stopped anywhere cannot be told from what follows it on this connection.
        let keep = head.keep_alive && !self.is_last() && upload.complete;
        let end = if keep { End::Keep } else { End::close(upload) };
        let says = Says { hsts: terms.hsts(), added: terms.added, ..Says::default() };
        self.send_reply(failure.status(), &says, end, Some((head, bytes)), account).await
    }

    /// Answers a request that no upstream is asked about.
    async fn reply_local(
        &mut self,
        local: &Local<'_>,
        added: &[u8],
        bytes: &[u8],
        head: &RequestHead,
        upload: &mut Upload,
        account: &mut Account,
    ) -> bool {
        match local.failure {
            Some(failure) => account.fail(failure),
            None => account.status = local.status,
        }
        // A body that has arrived whole is dropped, and the connection stays; any other ends it.
        let swallowed = upload.complete || upload.discard(&self.worker.blocks) == Ok(true);
        let malformed = matches!(local.failure, Some(Failure { kind: Kind::Wire(_), .. }));
        let keep = head.keep_alive && swallowed && !malformed && !self.is_last();
        let hsts = local.secured.and_then(|route| route.policy.hsts.as_deref()).filter(|_| self.entry.tls.is_some());
        let end = if keep { End::Keep } else { End::close(upload) };
        let says = Says {
            location: local.location.as_deref(),
            challenge: local.challenge.as_deref(),
            hsts: hsts.map(str::as_bytes),
            added,
        };
        self.send_reply(local.status, &says, end, Some((head, bytes)), account).await
    }

    /// Answers bytes that are no request, and ends the connection.
    pub(super) async fn refuse(&mut self, account: &mut Account, failure: Failure) {
        account.fail(failure);
        let added = if failure.status() == 426 { switch::SPOKEN } else { b"" };
        self.send_reply(failure.status(), &Says { added, ..Says::default() }, End::Linger, None, account).await;
    }

    /// Read anew from the head: who is served pays nothing for it, and the fields that were read first are gone by now.
    fn prefers_json(&self, bytes: &[u8]) -> bool {
        let mut fields = self.worker.request_fields.borrow_mut();
        let _ = parse_request(bytes, &self.worker.keeping.get().again(), &mut fields);
        let accept = fields.iter().filter(|field| field.id == Name::Accept);
        prefers_json(accept.map(|field| field.value.of(bytes)))
    }

    /// True if another request may come.
    async fn send_reply(
        &mut self,
        status: u16,
        says: &Says<'_>,
        end: End,
        request: Option<(&RequestHead, &[u8])>,
        account: &mut Account,
    ) -> bool {
        let mut output = self.worker.blocks.output();
        let old = request.is_some_and(|(head, _)| head.version == Version::Http10);
        let date = self.worker.date.get();
        let reply = Reply {
            status,
            location: says.location,
            challenge: says.challenge,
            added: says.added,
            date: &date,
            hsts: says.hsts,
            request_id: request.map_or(&b""[..], |(_, bytes)| account.request_id(bytes)),
            code: account.code(),
            json: request.is_some_and(|(_, bytes)| self.prefers_json(bytes)),
            persistence: Persistence::of(end != End::Keep, old),
            head: account.head_only,
        };
        let body = reply::write(&mut output.bytes, &reply);
        account.note(|line| line.answer(&output.bytes));
        account.local = true;
        account.response_body = body;
        account.written += u64::try_from(output.bytes.len()).unwrap_or(0);
        let sent = self.write_all(output).await;
        account.cut_off = !sent;
        if sent && end != End::Keep {
            self.linger(end == End::Close).await;
        }
        sent && end == End::Keep
    }
}

/// What an answer of our own says besides its status.
#[derive(Default)]
struct Says<'a> {
    location: Option<&'a [u8]>,
    challenge: Option<&'a [u8]>,
    hsts: Option<&'a [u8]>,
    added: &'a [u8],
}
