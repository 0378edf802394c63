//! What comes before what when a request is judged. The first step that answers ends it.
//!
//! The order is ingress-nginx's, whose users rely on it; where it could be another one, the reason says what would go
//! wrong.

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Clients and referring pages that nobody wants.
    Blocked,
    /// The size that the body is declared to have.
    BodySize,
    /// A route that is closed by configuration.
    Closed,
    /// The answer to a browser that asks whether it may ask.
    Preflight,
    /// A redirect that the route is there for.
    Answer,
    /// Plain HTTP that is sent to https.
    Https,
    /// Requests per time and at a time.
    Limits,
    /// Client addresses.
    Sources,
    /// Names and passwords.
    Password,
    /// What another service says.
    External,
    /// The status that stands in for a backend.
    Status,
}

/// A row of the table.
pub struct Row {
    /// The step.
    pub step: Step,
    /// Does it need filters? Other routes leave it out.
    pub filters: bool,
    /// Why it has its place.
    pub why: &'static str,
}

const fn row(step: Step, filters: bool, why: &'static str) -> Row {
    Row { step, filters, why }
}

/// All steps, after the route was selected.
pub const ORDER: [Row; 11] = [
    row(
        Step::Blocked,
        true,
        "who is not wanted on any host is answered nothing else: no size, no redirect and no preflight",
    ),
    row(
        Step::BodySize,
        false,
        "what is too large is not worth a second look, and must not be asked for again by a redirect",
    ),
    row(Step::Closed, false, "a policy that cannot be honoured must not answer anything, not even by a redirect"),
    row(Step::Preflight, true, "browsers send preflights without credentials and follow no redirect of theirs"),
    row(Step::Answer, false, "a redirect elsewhere would be asked for twice after one to https, and nothing is served"),
    row(Step::Https, false, "a password must not be asked for in the open"),
    row(Step::Limits, true, "whoever is refused is counted, too: passwords cannot be tried faster"),
    row(Step::Sources, true, "who may not come at all is not asked for a password"),
    row(Step::Password, true, "the most work of our own, so nothing is worked out in vain"),
    row(
        Step::External,
        true,
        "it costs another service a request, and that one need not hear of those who are refused",
    ),
    row(Step::Status, false, "who may not know what there is must not be told what there is not"),
];

/// The steps of a route without filters, in the same order.
pub const BARE: [Step; 5] = [Step::BodySize, Step::Closed, Step::Answer, Step::Https, Step::Status];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_route_takes_the_same_steps_in_the_same_order() {
        let bare: Vec<Step> = ORDER.iter().filter(|row| !row.filters).map(|row| row.step).collect();
        assert_eq!(bare, BARE);
        assert!(ORDER.iter().all(|row| !row.why.is_empty()));
    }
}
