//! Answers that another backend gives in place of an error: it is asked for `/`, and told what went wrong.

use sallygate_wire::fault::Fault;
use sallygate_wire::field::{Fields, Name};
use sallygate_wire::request::{Framing, Method, RequestHead, parse_request};

use crate::balance::{BackendIndex, Preference};
use crate::fault::Failure;
use crate::filter::{Checked, Claim};
use crate::http1::forward::{self, Facts, Outgoing, Report};
use crate::proxy::account::Account;
use crate::proxy::attempt::{Forwarded, Way};
use crate::proxy::choice::names;
use crate::proxy::client::Connection;
use crate::proxy::upload::Upload;
use crate::route::Route;
use crate::snapshot::Snapshot;

/// The lines by which a backend learns what it answers for.
pub(crate) fn report(
    status: u16,
    route: &Route,
    bytes: &[u8],
    head: &RequestHead,
    fields: &Fields,
    lines: &mut Vec<u8>,
) -> Result<(), Fault> {
    let names = names(route);
    let accept = fields.find(Name::Accept).map_or(&b""[..], |field| field.value.of(bytes));
    let report = Report {
        status,
        target: head.target.of(bytes),
        accept,
        names: [names.namespace, names.object, names.service, names.port],
    };
    report.write(lines)
}

impl<'a> Way<'a> {
    /// To whoever answers in place of a route's errors.
    pub(super) fn to_errors(route: &'a Route, added: &'a [u8]) -> Self {
        let backend = route.errors.as_ref().map_or(BackendIndex::NONE, |errors| errors.backend.index());
        Self { route, backend, tls: None, preference: Preference::None, added, cookies: b"", errors: None }
    }
}

impl Connection {
    /// Checks a password, without keeping this worker from its other clients.
    pub(super) async fn check(&self, claim: Claim) -> Checked {
        let worker = &self.worker;
        let digest = worker.remembered.borrow().digest(&claim);
        let checked = worker.shared.checkers.check(claim).await;
        if checked == Checked::Right {
            worker.remembered.borrow_mut().add(digest, worker.clock.coarse_ms());
        }
        checked
    }

    /// Has somebody else answer. True if another request may come.
    pub(super) async fn cover(
        &mut self,
        status: u16,
        snapshot: &Snapshot,
        way: &Way<'_>,
        (bytes, head): (&[u8], &RequestHead),
        upload: &mut Upload,
        account: &mut Account,
    ) -> bool {
        let way = Way::to_errors(way.route, way.added);
        // A body that has arrived whole is dropped; any other ends the connection with this answer.
        let swallowed = upload.complete || upload.discard(&self.worker.blocks) == Ok(true);
        let method = if head.method == Method::Head { Method::Head } else { Method::Get };
        let asked = RequestHead {
            method,
            framing: Framing::None,
            keep_alive: head.keep_alive && swallowed,
            expect_continue: false,
            upgrade: None,
            websocket_key: None,
            ..*head
        };
        let mut fresh = Upload::new(Framing::None, None, self.worker.blocks.output());
        account.status = 0;
        let keep = match self.write_cover(status, snapshot, way.route, (bytes, &asked), account, &mut fresh) {
            Ok(()) => match self.forward(snapshot, &way, bytes, &asked, &mut fresh, account).await {
                Forwarded::Done(keep) => keep,
                Forwarded::Covered(_) => false,
            },
            Err(fault) => {
                account.fail(Failure::client(fault));
                false
            }
        };
        self.worker.blocks.put_output(std::mem::take(&mut fresh.output));
        if !swallowed {
            self.linger(false).await;
        }
        keep && swallowed
    }

    fn write_cover(
        &self,
        status: u16,
        snapshot: &Snapshot,
        route: &Route,
        (bytes, head): (&[u8], &RequestHead),
        account: &Account,
        upload: &mut Upload,
    ) -> Result<(), Fault> {
        let worker = &self.worker;
        let mut fields = worker.request_fields.borrow_mut();
        // Other requests were read since this one was.
        parse_request(bytes, &worker.keeping.get().again(), &mut fields)?;
        let mut lines = Vec::new();
        report(status, route, bytes, head, &fields, &mut lines)?;
        let facts = Facts {
            peer: self.peer_text.as_bytes(),
            port: self.port(),
            tls: self.is_secure(),
            told: &self.told(snapshot, bytes, &fields),
            id: account.request_id(bytes),
            http10: route.policy.http10,
            edits: None,
            lines: &lines,
            reports: true,
            trailers: &self.worker.request_trailers,
        };
        let method: &[u8] = if head.method == Method::Head { b"HEAD" } else { b"GET" };
        forward::write_as(&mut upload.output.bytes, method, bytes, head, &fields, &facts, Outgoing::None)?;
        upload.head_written();
        Ok(())
    }
}
