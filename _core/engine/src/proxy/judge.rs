//! The steps of `order`, one by one: each lets a request pass or answers it.

use sallygate_wire::field::Name;
use sallygate_wire::host::canonical_host;
use sallygate_wire::path::encode_path;
use sallygate_wire::request::{Framing, Method, RequestHead};

use crate::fault::{Failure, Kind, Undecided};
use crate::filter::{Asked, Checked, External, Filters, Password, UnderWay, Word};
use crate::proxy::inquire::inquire;
use crate::proxy::order::{ORDER, Step};
use crate::proxy::plan::{Arrival, Ground, Plan, fail};
use crate::regex::GaveUp;
use crate::route::{Action, Route};
use crate::snapshot::HostEntry;

/// A request at its route.
pub(super) struct Judge<'s, 'j, 'b> {
    pub(super) arrival: &'j Arrival<'b>,
    /// The host that it is for.
    pub(super) entry: &'s HostEntry,
    pub(super) route: &'s Route,
    /// Field lines about the client's certificate.
    pub(super) reported: &'j [u8],
    /// The host without port, in lower case.
    pub(super) host: &'j [u8],
    /// The path as it would be forwarded.
    pub(super) path: &'j [u8],
}

/// What is known after some steps.
struct State {
    under_way: Option<UnderWay>,
    /// What the lists of addresses said.
    word: Word,
    /// Was the password right?
    right: bool,
}

impl<'s> Judge<'s, '_, '_> {
    /// A step that no filter has a part in.
    #[inline]
    pub(super) fn bare<'p>(&self, step: Step) -> Option<Plan<'s, 'p>> {
        match step {
            Step::BodySize => self.body_size(),
            Step::Closed => match self.route.action {
                Action::Respond { status: 503 } => Some(fail(Some(self.route), Failure::of(Kind::Closed))),
                _ => None,
            },
            Step::Answer => self.answer(),
            Step::Https => self.https(),
            Step::Status => self.status(),
            Step::Blocked | Step::Preflight | Step::Limits | Step::Sources | Step::Password | Step::External => None,
        }
    }

    /// All steps of a route with filters. Lines for the answer, whichever it is, are appended to `added`.
    pub(super) fn filtered<'p>(
        &self,
        ground: &impl Ground,
        asked: &Asked<'_>,
        added: &mut Vec<u8>,
    ) -> Result<Option<UnderWay>, Plan<'s, 'p>> {
        let filters = self.route.filters.as_deref();
        if let Some(filters) = filters
            && let Err(fault) = filters.write_answer(asked, added)
        {
            added.clear();
            return Err(fail(Some(self.route), Failure::client(fault)));
        }
        let mut state = State { under_way: None, word: Word::Silent, right: false };
        for row in &ORDER {
            let plan = match filters {
                Some(filters) if row.filters => self.filter(row.step, filters, ground, asked, &mut state, added),
                _ if self.arrival.resumes() && row.step != Step::Status => None,
                _ => self.bare(row.step),
            };
            if let Some(plan) = plan {
                return Err(plan);
            }
        }
        Ok(state.under_way)
    }

    fn filter<'p>(
        &self,
        step: Step,
        filters: &'s Filters,
        ground: &impl Ground,
        asked: &Asked<'_>,
        state: &mut State,
        added: &mut Vec<u8>,
    ) -> Option<Plan<'s, 'p>> {
        let route = self.route;
        match step {
            Step::External => self.external(filters.external.as_ref()?, asked, filters, state, added),
            // Whoever comes back with an answer was asked for a password before, and whoever comes back with a password
            // has taken the steps before that.
            Step::Password if self.arrival.answered.is_none() => self.password(filters, ground, asked, state),
            _ if self.arrival.resumes() => None,
            Step::Blocked => {
                let kind = match filters.blocked.as_ref()?.stops(asked) {
                    Ok(false) => return None,
                    Ok(true) => Kind::Blocked,
                    Err(GaveUp) => Kind::RegexLimit,
                };
                Some(fail(Some(route), Failure::of(kind)))
            }
            Step::Preflight => {
                let answers = asked.head.method == Method::Options && filters.cors.as_ref()?.allows(asked).is_some();
                answers.then_some(Plan::Respond { route, status: 204 })
            }
            Step::Limits => {
                let limits = filters.limits.as_ref()?;
                let by = limits.by(asked);
                match ground.buckets().ask(limits, asked.peer, by.as_deref(), ground.now_ms()) {
                    Ok(guard) => state.under_way = guard,
                    Err(status) => return Some(fail(Some(route), Failure::of(Kind::TooMany(status)))),
                }
                None
            }
            Step::Sources => {
                state.word = filters.access.as_ref()?.of(asked.peer);
                // If either is enough, those who are asked later have the last word.
                let last = !filters.satisfy_any || (filters.password.is_none() && filters.external.is_none());
                (state.word == Word::Denied && last).then(|| fail(Some(route), Failure::of(Kind::Forbidden)))
            }
            Step::BodySize | Step::Closed | Step::Answer | Step::Https | Step::Password | Step::Status => None,
        }
    }

    fn password<'p>(
        &self,
        filters: &Filters,
        ground: &impl Ground,
        asked: &Asked<'_>,
        state: &mut State,
    ) -> Option<Plan<'s, 'p>> {
        let password = filters.password.as_ref()?;
        let external = filters.external.as_ref();
        let route = self.route;
        // If either is enough, the service has the last word.
        let wrong = || match external {
            Some(_) if filters.satisfy_any => None,
            _ => Some(self.challenge(password, external, asked)),
        };
        if filters.satisfy_any && state.word == Word::Allowed {
            return None;
        }
        match self.arrival.checked {
            Some(Checked::Right) => {
                state.right = true;
                return None;
            }
            Some(Checked::Wrong) => return wrong(),
            Some(Checked::Busy) => return Some(fail(Some(route), Failure::of(Kind::TooBusy))),
            None => {}
        }
        let authorization = asked.fields.find(Name::Authorization).map(|field| field.value.of(asked.bytes));
        let Some(claim) = password.claim(authorization) else { return wrong() };
        if ground.knows(&claim) {
            state.right = true;
            return None;
        }
        Some(Plan::Check { claim, under_way: state.under_way.take() })
    }

    /// Asks for a name and a password, or sends the client to where it can sign in.
    fn challenge<'p>(&self, password: &Password, external: Option<&External>, asked: &Asked<'_>) -> Plan<'s, 'p> {
        match external.and_then(|external| self.sign_in(external, asked)) {
            Some(plan) => plan,
            None => Plan::Challenge { route: self.route, challenge: password.challenge() },
        }
    }

    fn sign_in<'p>(&self, external: &External, asked: &Asked<'_>) -> Option<Plan<'s, 'p>> {
        let mut location = Vec::new();
        external.signin.as_ref()?.expand(asked, &mut location);
        Some(Plan::Redirect { route: self.route, status: 302, location })
    }

    /// What the service says. Only an answer of 2xx comes to an end of this that is none.
    fn external<'p>(
        &self,
        external: &'s External,
        asked: &Asked<'_>,
        filters: &Filters,
        state: &mut State,
        added: &mut Vec<u8>,
    ) -> Option<Plan<'s, 'p>> {
        let Self { arrival, entry, route, .. } = *self;
        if filters.satisfy_any && (state.word == Word::Allowed || state.right) {
            return None;
        }
        let failed = |why| fail(Some(route), Failure::of(Kind::NotAuthorised(why)));
        let Some(answered) = arrival.answered else {
            let under_way = state.under_way.take();
            let inquiry = inquire(external, asked, arrival, entry, route, self.reported);
            return Some(inquiry.map_or_else(
                || failed(Undecided::Unaskable),
                |inquiry| Plan::Ask { route, inquiry: Box::new(inquiry), under_way },
            ));
        };
        if external.always_set_cookie {
            added.extend_from_slice(&answered.cookies);
        }
        if answered.allows() {
            return None;
        }
        // If either is enough and neither is there, a password that was asked for counts before a plain no.
        let password = filters.password.as_ref().filter(|_| filters.satisfy_any);
        match (answered.status, password) {
            (401 | 403, Some(_)) | (401, None) if external.signin.is_some() => {
                if !external.always_set_cookie {
                    added.extend_from_slice(&answered.cookies);
                }
                self.sign_in(external, asked).or_else(|| Some(failed(answered.undecided)))
            }
            (401 | 403, Some(password)) => Some(self.challenge(password, None, asked)),
            (status @ (401 | 403), None) => {
                added.extend_from_slice(&answered.challenge);
                Some(Plan::Respond { route, status })
            }
            _ => Some(failed(answered.undecided)),
        }
    }

    #[inline]
    fn body_size<'p>(&self) -> Option<Plan<'s, 'p>> {
        let limit = self.route.policy.body_limit_bytes;
        match self.arrival.head.framing {
            Framing::Length(length) if limit > 0 && length > limit => {
                Some(fail(Some(self.route), Failure::of(Kind::BodyTooLarge)))
            }
            _ => None,
        }
    }

    #[inline]
    fn answer<'p>(&self) -> Option<Plan<'s, 'p>> {
        match &self.route.action {
            Action::Forward { .. } | Action::Respond { .. } => None,
            action => Some(self.redirect(action)),
        }
    }

    #[inline]
    fn status<'p>(&self) -> Option<Plan<'s, 'p>> {
        match self.route.action {
            Action::Respond { status } => Some(Plan::Respond { route: self.route, status }),
            _ => None,
        }
    }

    /// Where a route that has no backend sends its clients.
    fn redirect<'p>(&self, action: &Action) -> Plan<'s, 'p> {
        let Self { route, arrival, .. } = *self;
        let Arrival { head, bytes, .. } = *arrival;
        match action {
            Action::Redirect { path, status, query, relative } => {
                let mut location = Vec::new();
                if path.starts_with('/') {
                    if !relative {
                        location.extend_from_slice(self.scheme());
                        location.extend_from_slice(head.authority.map_or(b"", |authority| authority.of(bytes)));
                    }
                    encode_path(path.as_bytes(), &mut location);
                } else {
                    location.extend_from_slice(path.as_bytes());
                }
                if *query {
                    append_query(&mut location, head, bytes);
                }
                Plan::Redirect { route, status: *status, location }
            }
            Action::RedirectHost { host, status } => {
                let port = if arrival.tls { ":443" } else { ":80" };
                let mut location = [self.scheme(), host.as_bytes(), port.as_bytes(), self.path].concat();
                append_query(&mut location, head, bytes);
                drop_slash(&mut location);
                Plan::Redirect { route, status: *status, location }
            }
            Action::Respond { .. } | Action::Forward { .. } => fail(Some(route), Failure::of(Kind::NoEndpoint)),
        }
    }

    fn scheme(&self) -> &'static [u8] {
        if self.arrival.tls { b"https://" } else { b"http://" }
    }

    #[inline]
    fn https<'p>(&self) -> Option<Plan<'s, 'p>> {
        let redirect = self.route.policy.https_redirect.as_ref().filter(|_| !self.arrival.tls)?;
        // The canonical host has lost its port, and a client without Host cannot be sent anywhere.
        if self.host.is_empty() {
            return None;
        }
        let mut odd = Vec::new();
        let public = self.arrival.public.and_then(|public| canonical_host(public, &mut odd).ok());
        let port: &[u8] = if redirect.port { b":443" } else { b"" };
        let mut location = [b"https://", public.unwrap_or(self.host), port, self.path].concat();
        append_query(&mut location, self.arrival.head, self.arrival.bytes);
        if !redirect.keep_slash {
            drop_slash(&mut location);
        }
        Some(Plan::Redirect { route: self.route, status: redirect.status, location })
    }
}

/// ingress-nginx removes one slash at the end of the whole target, query included.
fn drop_slash(location: &mut Vec<u8>) {
    if location.last() == Some(&b'/') {
        location.pop();
    }
}

fn append_query(location: &mut Vec<u8>, head: &RequestHead, bytes: &[u8]) {
    if let Some(query) = head.query {
        location.push(b'?');
        location.extend_from_slice(query.of(bytes));
    }
}
