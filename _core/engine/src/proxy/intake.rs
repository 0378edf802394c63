//! Takes a request's body in whole before any upstream is asked, as ingress-nginx does: a client that sends slowly then
//! keeps no upstream waiting, and the body can be sent a second time.
//!
//! A body that has arrived together with its head is whole already and never comes here.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use sallygate_image::Policy;
use sallygate_wire::exchange::Exchange as Ledger;
use sallygate_wire::fault::Fault;

use crate::fault::{Failure, Kind};
use crate::proxy::account::Account;
use crate::proxy::client::Connection;
use crate::proxy::upload::Upload;
use crate::telemetry::Counter;
use crate::transport::pace::Pace;

impl Connection {
    /// Reads the body to its end, or for as long as there is room for it.
    pub(super) async fn take_in(
        &mut self,
        policy: &Policy,
        upload: &mut Upload,
        ledger: &mut Ledger,
        account: &mut Account,
    ) -> Result<(), Failure> {
        let worker = &Rc::clone(&self.worker);
        let Self { stream, deadline, .. } = self;
        let memory = policy.request_body.memory_bytes;
        let mut pace = Pace::default();
        deadline.set(worker.keeping.get().client_body_timeout_ms);
        poll_fn(|cx| {
            loop {
                if !upload.stow(worker, memory) {
                    worker.telemetry.add(Counter::BodiesNotKept, 1);
                    return Poll::Ready(upload.stream(account.request_body, policy.http10));
                }
                if upload.complete {
                    return Poll::Ready(Ok(()));
                }
                let buffer = match stream.poll_first(cx, &worker.blocks) {
                    Poll::Pending if deadline.passed() => {
                        return Poll::Ready(Err(Failure::of(Kind::ClientTimeout)));
                    }
                    Poll::Pending => {
                        pace.wait(worker.clock.coarse_ms());
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(Some(buffer))) => buffer,
                    // It has ended its side too soon, and may still read an answer.
                    Poll::Ready(Ok(None)) => return Poll::Ready(Err(Failure::client(Fault::TruncatedBody))),
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Failure::of(Kind::ClientGone))),
                };
                let bytes = buffer.filled().len();
                if let Some(empty) = upload.input.replace(buffer) {
                    worker.blocks.put_buffer(empty);
                }
                upload.fill(ledger, account, policy.body_limit_bytes)?;
                if !pace.moved(worker.clock.coarse_ms(), bytes, worker.client_send_rate()) && !upload.complete {
                    return Poll::Ready(Err(Failure::of(Kind::ClientTooSlow)));
                }
                deadline.set(worker.keeping.get().client_body_timeout_ms);
            }
        })
        .await
    }
}
