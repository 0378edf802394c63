//! Answers a request: plans it, and lets an upstream or the gateway itself answer.

use std::rc::Rc;

use sallygate_wire::field::Name;
use sallygate_wire::request::{RequestHead, Version, parse_request};

use crate::fault::{Failure, Kind};
use crate::http1::accept::prefers_json;
use crate::http1::answer::Persistence;
use crate::http1::forward::{self, Facts};
use crate::http1::told::Told;
use crate::proxy::account::Account;
use crate::proxy::client::{Connection, End};
use crate::proxy::exchange::Terms;
use crate::proxy::plan::{Plan, plan};
use crate::proxy::reply::{self, Reply};
use crate::proxy::upload::Upload;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::transport::buffer::Buffer;

/// An answer of our own.
struct Local<'s> {
    route: Option<&'s Route>,
    /// The route whose HSTS is sent.
    secured: Option<&'s Route>,
    status: u16,
    location: Option<Vec<u8>>,
    failure: Option<Failure>,
}

impl<'s> Local<'s> {
    fn failure(route: Option<&'s Route>, failure: Failure) -> Self {
        Self { route, secured: route, status: failure.status(), location: None, failure: Some(failure) }
    }

    fn routed(route: &'s Route, status: u16, location: Option<Vec<u8>>) -> Self {
        Self { route: Some(route), secured: Some(route), status, location, failure: None }
    }
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
        let fresh_id = worker.fresh_id();
        let current = worker.snapshots.get();
        let snapshot: &Snapshot = &current;
        let listener = snapshot.listener(&self.entry.name);
        let forwarders = listener.and_then(|listener| listener.forwarders.as_ref());
        let told = Told::read(forwarders, self.peer.ip(), bytes, &worker.request_fields.borrow());
        let mut account = match &told.address {
            Some(client) => Account::begin(worker, client.as_bytes(), 0),
            None => Account::begin(worker, self.peer_text.as_bytes(), self.peer.port()),
        };
        let mut upload = Upload::new(head.framing, self.input.take(), worker.blocks.output());
        let planned = {
            let fields = worker.request_fields.borrow();
            account.request(bytes, head, &fields, fresh_id);
            let mut scratch = worker.scratch.borrow_mut();
            let table = listener.map(|listener| listener.table);
            let tls = told.secure(self.entry.tls.is_some());
            match plan(snapshot, table, tls, told.host, bytes, head, &mut scratch) {
                Plan::Forward { route, path } => {
                    let facts = Facts {
                        peer: self.peer_text.as_bytes(),
                        port: self.entry.port,
                        tls: self.entry.tls.is_some(),
                        told,
                        fresh_id: &fresh_id,
                        http10: route.policy.http10,
                    };
                    let outgoing = upload.outgoing(head.framing, &route.policy);
                    let out = &mut upload.output.bytes;
                    match forward::write(out, bytes, head, &fields, path, &facts, outgoing) {
                        Ok(()) => {
                            upload.head_written();
                            Ok(route)
                        }
                        Err(fault) => Err(Local::failure(Some(route), Failure::client(fault))),
                    }
                }
                Plan::Redirect { route, status, location } => Err(Local::routed(route, status, Some(location))),
                Plan::Respond { route, status } => Err(Local::routed(route, status, None)),
                Plan::Fail { route, secured, failure } => {
                    let failure = if snapshot.is_empty() { Failure::of(Kind::NoSnapshot) } else { failure };
                    Err(Local { secured, ..Local::failure(route, failure) })
                }
            }
        };
        let keep = match planned {
            Ok(route) => {
                account.route(route);
                self.forward(snapshot, route, bytes, head, &mut upload, &mut account).await
            }
            Err(local) => {
                if let Some(route) = local.route {
                    account.route(route);
                }
                self.reply_local(&local, bytes, head, &mut upload, &mut account).await
            }
        };
        self.input = upload.input.take().or(self.input.take());
        worker.blocks.put_output(std::mem::take(&mut upload.output));
        account.finish(worker, self.stream.session());
        keep
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
        self.send_reply(failure.status(), None, terms.hsts, end, Some((head, bytes)), account).await
    }

    /// Answers a request that no upstream is asked about.
    async fn reply_local(
        &mut self,
        local: &Local<'_>,
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
        let location = local.location.as_deref();
        let end = if keep { End::Keep } else { End::close(upload) };
        self.send_reply(local.status, location, hsts.map(str::as_bytes), end, Some((head, bytes)), account).await
    }

    /// Answers bytes that are no request, and ends the connection.
    pub(super) async fn refuse(&mut self, account: &mut Account, failure: Failure) {
        account.fail(failure);
        self.send_reply(failure.status(), None, None, End::Linger, None, account).await;
    }

    /// Read anew from the head: who is served pays nothing for it, and the fields that were read first are gone by now.
    fn prefers_json(&self, bytes: &[u8]) -> bool {
        let mut fields = self.worker.request_fields.borrow_mut();
        let _ = parse_request(bytes, &self.worker.request_limits, &mut fields);
        let accept = fields.iter().filter(|field| field.id == Name::Accept);
        prefers_json(accept.map(|field| field.value.of(bytes)))
    }

    /// True if another request may come.
    async fn send_reply(
        &mut self,
        status: u16,
        location: Option<&[u8]>,
        hsts: Option<&[u8]>,
        end: End,
        request: Option<(&RequestHead, &[u8])>,
        account: &mut Account,
    ) -> bool {
        let mut output = self.worker.blocks.output();
        let old = request.is_some_and(|(head, _)| head.version == Version::Http10);
        let date = self.worker.date.get();
        let reply = Reply {
            status,
            location,
            date: &date,
            hsts,
            request_id: request.map_or(&b""[..], |(_, bytes)| account.request_id(bytes)),
            code: account.code(),
            json: request.is_some_and(|(_, bytes)| self.prefers_json(bytes)),
            persistence: Persistence::of(end != End::Keep, old),
            head: account.head_only,
        };
        let body = reply::write(&mut output.bytes, &reply);
        account.local = true;
        account.response_body = body;
        account.written += u64::try_from(output.bytes.len()).unwrap_or(0);
        let sent = self.write_all(output).await;
        if sent && end != End::Keep {
            self.linger(end == End::Close).await;
        }
        sent && end == End::Keep
    }
}
