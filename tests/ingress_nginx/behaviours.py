"""What users of ingress-nginx rely on, and the tests that hold it here.

A row is a behaviour and where it is held: `scene NAME` is compared with nginx itself (`tests/compare_nginx`), `golden
PATH` is a case of `tests/golden`, and `FILE NAME` a test in a file below `tests`. What is not supported yet names the
annotations and options that it waits for, and needs a test as soon as all of them are.
"""

from typing import Final, NamedTuple


class Behaviour(NamedTuple):
    what: str
    held: tuple[str, ...] = ()
    awaits: tuple[str, ...] = ()


def row(what: str, *held: str, awaits: tuple[str, ...] = ()) -> Behaviour:
    return Behaviour(what, held, awaits)


PATHS: Final = "ingress_nginx/test_paths.py"
BACKENDS: Final = "ingress_nginx/test_backends.py"
REGEX: Final = "ingress_nginx/test_regex.py"
REDIRECTS: Final = "ingress_nginx/test_redirects.py"
TLS: Final = "ingress_nginx/test_tls.py"
CLIENTS: Final = "ingress_nginx/test_client_certificates.py"
INSIDE: Final = "ingress_nginx/test_backend_tls.py"
EXTERNAL: Final = "ingress_nginx/test_external_auth.py"
ASKING: Final = "ingress_nginx/test_asking.py"
ALIASES: Final = "ingress_nginx/test_aliases.py"
ACCESS: Final = "ingress_nginx/test_access.py"
CANARY: Final = "ingress_nginx/test_canary.py"
SESSIONS: Final = "ingress_nginx/test_sessions.py"
COMPRESSION: Final = "ingress_nginx/test_compression.py"
ERRORS: Final = "ingress_nginx/test_errors.py"
BLOCKED: Final = "ingress_nginx/test_blocked.py"
DEFAULTS: Final = "ingress_nginx/test_defaults.py"
FORWARDED: Final = "ingress_nginx/test_forwarded.py"
OPTIONS: Final = "ingress_nginx/test_options.py"
CONTROL: Final = "e2e/test_control_plane.py"
AFFINITY: Final = "dataplane/test_affinity.py"

ROUTING: Final = (
    row("a prefix is by element", "scene types"),
    row("an exact path comes before a prefix", "scene types"),
    row("the exact root alone, and everything else", "scene root"),
    row(
        "of two Ingresses with one path the older has it, and the other after it",
        f"{PATHS} test_the_oldest_has_a_path_and_the_next_one_when_it_goes",
        f"{PATHS} test_names_decide_between_equally_old",
        "golden ingress/older-ingress-wins",
    ),
    row("a prefix with a slash is led to from the path without it", "scene slash", "scene types"),
    row("another host is not found", "scene names"),
    row("an Ingress without a host", f"{PATHS} test_an_ingress_without_a_host_is_for_hosts_that_nobody_has"),
    row("a wildcard is one label", "scene wild"),
    row("a host comes before its wildcard", "scene wild"),
    row("case and port of the host mean nothing", "scene names"),
    row("a path that nobody has", f"{PATHS} test_it_is_not_found", f"{PATHS} test_a_password_is_asked_for"),
    row("a resource is no Service", f"{PATHS} test_a_resource_in_place_of_a_service_is_not_found"),
    row("a path without a type", f"{PATHS} test_a_path_without_a_type_is_by_element"),
    row("escapes, slashes and dot segments", "scene normal"),
    row("a path that cannot be", f"{PATHS} test_a_path_that_cannot_be_is_left_out_alone"),
    row(
        "default backends of Ingresses",
        f"{BACKENDS} test_an_ingress_of_a_default_backend_alone_is_for_every_other_host",
        f"{BACKENDS} test_the_default_backend_of_an_ingress_has_the_paths_of_its_hosts_that_nobody_has",
    ),
    row("no Ingress for every host", f"{BACKENDS} test_what_is_for_every_host_can_be_left_out"),
    row("several Ingresses on one host", f"{PATHS} test_paths_of_several_ingresses_and_namespaces_make_one_host"),
)

REGEXES: Final = (
    row("a rewrite without captures", "scene collapse"),
    row("captures and the query in a rewrite", "scene capture"),
    row("several captures", "scene parts", f"{REGEX} test_what_a_rewrite_makes_of_a_path"),
    row("a rewrite is its Ingress's alone", f"{REGEX} test_the_rewrite_of_one_ingress_is_not_that_of_another"),
    row(
        "a rewrite that cannot be",
        f"{REGEX} test_a_rewrite_that_cannot_be_never_sends_a_request_elsewhere",
    ),
    row("an expression beside a plain path", "scene beside"),
    row("the longest text comes first", "scene longest"),
    row(
        "look-around and back-references",
        f"{REGEX} test_look_around_and_back_references",
        f"{REGEX} test_a_canary_pattern_may_look_ahead",
    ),
    row("an expression has no end unless it says so", "scene longest"),
    row(
        "one expression makes the host's paths expressions",
        "scene infected",
        "golden ingress/regex-mode-is-per-host",
        f"{REGEX} test_one_ingress_makes_expressions_of_the_paths_of_all_others_of_its_host",
        f"{CANARY} test_a_canary_of_expressions_makes_none_of_its_primary",
    ),
    row(
        "a challenge beside a rewritten root",
        f"{PATHS} test_a_challenge_beside_a_rewritten_root_is_left_as_it_is",
    ),
    row("a rewrite to a URL is refused here", "scene elsewhere", "golden annotations/rewrite-target-closed"),
    row("a rewrite to the path itself is none", "scene same"),
    row(
        "X-Forwarded-Prefix with a rewrite only",
        "scene prefixed",
        "ingress_nginx/test_headers.py test_a_prefix_is_told_where_the_path_is_rewritten",
    ),
    row("strict path types", f"{PATHS} test_a_path_that_cannot_be_is_left_out_alone", "golden ingress/bad-paths"),
)

SENT_ELSEWHERE: Final = (
    row("app-root", "scene approot"),
    row("permanent redirects and their codes", "scene moved", "scene code", f"{REDIRECTS} test_redirects_of_a_route"),
    row("a temporal redirect beside a permanent one", "scene now"),
    row("relative redirects", "scene relative", f"{REDIRECTS} test_redirects_of_a_route"),
    row(
        "from www and to it",
        "scene site",
        f"{REDIRECTS} test_the_sibling_with_www_leads_to_the_host_unless_it_is_one_itself",
    ),
    row(
        "not where the other name is a host",
        f"{REDIRECTS} test_the_sibling_with_www_leads_to_the_host_unless_it_is_one_itself",
    ),
    row("a host with TLS is sent to https", "scene https"),
    row("also while its Secret is missing", f"{TLS} test_a_secret_may_come_change_and_go_while_the_redirect_stays"),
    row("ssl-redirect off", "scene open", f"{OPTIONS} test_no_redirect_to_https_unless_an_ingress_asks_for_it"),
    row("force-ssl-redirect", "scene forced", f"{OPTIONS} test_statuses_of_redirects_and_limits"),
    row("the last slash", "scene https", "scene kept"),
    row("paths that stay in the open", "scene challenge", f"{OPTIONS} test_some_paths_are_never_sent_to_https"),
    row(
        "behind a proxy that ends TLS",
        "scene believed-tls",
        f"{FORWARDED} test_the_host_in_front_is_led_to_without_its_port",
    ),
    row("a redirect elsewhere comes before https", "scene moved"),
    row("a preflight comes before https", "scene cors-all"),
)

CERTIFICATES: Final = (
    row(
        "a certificate by name, else the default one", f"{TLS} test_each_host_shows_its_own_and_others_the_default_one"
    ),
    row("Secrets come, change and go", f"{TLS} test_a_secret_may_come_change_and_go_while_the_redirect_stays"),
    row("a default certificate of one's own", f"{TLS} test_the_default_certificate_can_be_chosen"),
    row("TLS is taken off a host", f"{TLS} test_without_its_tls_entry_a_host_is_served_in_the_open"),
    row(
        "HSTS",
        "scene https",
        f"{TLS} test_hsts_is_told_over_tls_alone_and_as_the_options_say",
        f"{TLS} test_hsts_can_be_left_out",
    ),
    row("a name in other case, or with a dot", f"{TLS} test_each_host_shows_its_own_and_others_the_default_one"),
    row("unknown names can be refused", f"{TLS} test_names_that_nobody_has_can_be_refused"),
    row(
        "a certificate for other names",
        f"{TLS} test_a_certificate_for_other_names_is_not_shown_and_said_to_be_wrong",
    ),
    row("an expired certificate", f"{TLS} test_a_certificate_that_has_expired_is_shown_and_said_to_be_old"),
    row("a wildcard certificate", f"{TLS} test_a_wildcard_certificate_is_shown_for_one_label"),
    row("an entry without hosts", f"{TLS} test_a_secret_without_hosts_is_for_those_that_it_covers"),
    row("two Ingresses with a certificate", f"{TLS} test_the_first_ingress_with_tls_decides_for_a_host"),
    row(
        "certificates of clients",
        f"{CLIENTS} test_only_a_certificate_of_the_authority_is_let_in",
        f"{CLIENTS} test_off_asks_nobody",
        f"{CLIENTS} test_others_are_sent_to_the_error_page",
        f"{CLIENTS} test_the_certificate_itself_is_passed_on",
        f"{CLIENTS} test_only_those_are_let_in_whose_subject_fits",
        f"{CLIENTS} test_without_a_good_secret_the_whole_host_is_closed",
    ),
    row("TLS that is passed through", awaits=("ssl-passthrough",)),
    row(
        "backends that are verified",
        f"{INSIDE} test_the_right_authority_and_name_pass",
        f"{INSIDE} test_what_is_not_verified_is_answered_502_and_counted_and_named",
        f"{INSIDE} test_a_chain_is_as_long_as_its_depth",
    ),
    row("TLS 1.2 and newer", "dataplane/test_tls.py test_older_versions_are_refused"),
)

LET_IN: Final = (
    row(
        "passwords",
        "scene password",
        f"{ACCESS} test_a_password_is_asked_for",
        f"{ACCESS} test_a_key_per_user_and_a_secret_that_is_not_there",
    ),
    row(
        "a key per user, and nonsense",
        f"{ACCESS} test_a_key_per_user_and_a_secret_that_is_not_there",
        f"{ACCESS} test_users_that_cannot_be_read_are_wrong",
    ),
    row("CORS of a 401", "ingress_nginx/test_cors.py test_a_request_for_a_password_may_be_read_too"),
    row("a service that decides", f"{EXTERNAL} test_nothing_but_2xx_lets_a_request_pass"),
    row("where to sign in", f"{EXTERNAL} test_who_is_not_signed_in_is_sent_to_where_they_can"),
    row("headers of that service", f"{EXTERNAL} test_a_request_passes_where_the_service_says_so"),
    row("cookies of that service", f"{EXTERNAL} test_cookies_of_the_service"),
    row("its answers are remembered", f"{EXTERNAL} test_answers_are_remembered_by_their_key"),
    row("a service that cannot be", f"{EXTERNAL} test_a_service_that_does_not_answer"),
    row("why it could not be asked", f"{ASKING} test_why_it_could_not_be_asked_is_told_by_log_and_metrics"),
    row(
        "connections to that service",
        f"{ASKING} test_a_connection_to_the_service_is_used_again",
        f"{ASKING} test_it_is_closed_after_so_many_requests",
        f"{ASKING} test_an_idle_one_is_closed_after_its_time",
        f"{ASKING} test_no_more_are_kept_idle_than_it_says",
    ),
    row("no crafted path goes around it", f"{EXTERNAL} test_no_crafted_path_goes_around_it"),
    row("either is enough", "scene either", f"{ACCESS} test_either_is_enough_where_any_satisfies"),
    row("one service for all", f"{EXTERNAL} test_what_is_asked_for_everybody"),
    row(
        "lists of addresses",
        "scene allowed",
        "scene strangers",
        "scene denied",
        f"{ACCESS} test_addresses",
        f"{OPTIONS} test_lists_of_the_gateway_give_way_to_those_of_an_ingress",
    ),
    row("lists behind a proxy", "scene believed-list"),
    row("requests at a time", f"{ACCESS} test_requests_at_a_time"),
    row(
        "requests per time",
        "scene burst",
        "scene little",
        f"{ACCESS} test_requests_per_minute_with_a_burst",
        f"{ACCESS} test_requests_per_second_with_the_usual_burst",
        f"{OPTIONS} test_statuses_of_redirects_and_limits",
    ),
    row("blocked addresses", f"{OPTIONS} test_addresses_that_are_blocked_are_blocked_everywhere"),
    row(
        "blocked browsers and referers",
        "scene blocked",
        "scene blocked-elsewhere",
        f"{BLOCKED} test_nothing_else_is_answered_before",
        f"{BLOCKED} test_a_client_without_a_name",
    ),
    row("https comes before a password", "scene password-tls"),
    row(
        "a value that is damaged opens nothing",
        "ingress_nginx/test_protection.py test_no_mixture_is_more_open_than_its_values_say",
        "ingress_nginx/test_protection.py test_each_protection_lets_those_pass_that_it_should",
    ),
)

SHARED: Final = (
    row("a canary by words in a header", "scene by-header", f"{CANARY} test_header_and_cookie_decide_by_words"),
    row("by a value", "scene by-value", f"{CANARY} test_a_value_or_a_pattern_takes_the_place_of_the_words"),
    row("by a pattern", "scene by-pattern", f"{CANARY} test_a_value_or_a_pattern_takes_the_place_of_the_words"),
    row("by cookie and weight", "scene by-header", f"{CANARY} test_weights"),
    row("words that mean nothing leave it to the weight", f"{CANARY} test_other_words_are_left_to_the_weight"),
    row("weights of a total", f"{CANARY} test_a_total_counts_from_100_on", f"{CANARY} test_a_weight_is_of_its_total"),
    row("without a primary, without endpoints", f"{CANARY} test_without_primary_nothing_and_without_endpoints_503"),
    row("several canaries", f"{CANARY} test_several_canaries_each_get_their_own"),
    row(
        "affinity to a canary",
        f"{AFFINITY} test_a_client_stays_with_its_canary_and_its_primary",
        f"{AFFINITY} test_a_canary_without_affinity_gives_no_cookie",
        "ingress_nginx/test_affinity.py test_a_client_of_a_canary_stays_with_it_unless_that_is_not_wanted",
    ),
    row("the cookie of affinity", f"{SESSIONS} test_the_first_answer_has_a_cookie_and_those_after_it_do_not"),
    row(
        "its attributes",
        f"{SESSIONS} test_it_says_what_the_annotations_ask_for",
        f"{SESSIONS} test_over_tls_it_is_for_tls_alone",
        f"{SESSIONS} test_the_rest_of_what_it_may_say",
        f"{SESSIONS} test_a_name_that_is_none_is_the_usual_one",
        "ingress_nginx/test_affinity.py test_same_site_none_is_left_out_for_browsers_that_mistake_it",
    ),
    row("no cookie of another Ingress", f"{SESSIONS} test_another_ingress_of_the_host_gives_none"),
    row(
        "clients that stay for good",
        f"{AFFINITY} test_a_persistent_client_stays_when_endpoints_come_and_moves_when_its_own_goes",
        "ingress_nginx/test_affinity.py test_a_persistent_client_stays_when_endpoints_come",
    ),
    row(
        "clients whose endpoint fails",
        "ingress_nginx/test_affinity.py test_a_client_whose_endpoint_fails_is_led_to_another_one_from_then_on",
        "ingress_nginx/test_affinity.py test_without_that_the_cookie_stays",
    ),
    row(
        "an endpoint by hash",
        f"{AFFINITY} test_requests_that_agree_in_a_text_meet",
        "ingress_nginx/test_affinity.py test_a_hash_chooses_one_endpoint_or_a_few",
    ),
)

PROXYING: Final = (
    row(
        "X-Forwarded-For",
        "scene told",
        "scene believed",
        f"{FORWARDED} test_who_is_believed_says_where_a_request_comes_from",
    ),
    row("X-Forwarded-Host, -Port, -Proto and -Scheme", "scene told", "scene believed"),
    row("X-Request-ID", "scene told"),
    row(
        "the PROXY protocol",
        "dataplane/test_proxy_header.py test_the_client_is_whom_the_header_names",
        f"{FORWARDED} test_a_header_of_the_proxy_protocol_says_whose_a_connection_is",
    ),
    row("another Host for backends", "scene vhost", "ingress_nginx/test_headers.py test_another_host_for_the_backend"),
    row("how large a body may be", "scene bodies", "scene megabyte"),
    row("a backend that is silent", "scene slow"),
    row("the next endpoint", "scene half", "scene thrice", "scene thrice-any", "scene twice", "scene never"),
    row("a dead endpoint beside a sound one", f"{BACKENDS} test_who_reads_never_notices_that_an_endpoint_is_dead"),
    row(
        "WebSockets, through changes",
        "scene told",
        "dataplane/test_upgrade.py test_a_tunnel_under_way_survives_a_new_configuration",
        "ingress_nginx/test_upgrade.py test_a_conversation_goes_on_while_other_ingresses_come_and_go",
    ),
    row("gRPC", awaits=("use-http2",)),
    row(
        "pages in place of errors",
        "scene pages",
        "scene own-pages",
        f"{ERRORS} test_an_error_of_the_backend_is_answered_by_another",
        f"{ERRORS} test_errors_of_the_gateway_itself_are_answered_too",
        f"{PATHS} test_the_page_of_an_error_is_shown",
    ),
    row(
        "a default backend while nobody is there",
        f"{ERRORS} test_a_spare_backend_answers_while_there_is_no_endpoint",
        f"{ERRORS} test_what_a_spare_backend_answers_is_the_answer",
    ),
    row(
        "Services that come and go, and those that are names",
        f"{BACKENDS} test_a_service_that_comes_later_is_served_and_missed_when_it_goes",
        "golden ingress/external-name-followed",
        "e2e/test_run.py test_a_service_that_leads_to_a_name_is_followed_on_request_and_never_to_this_machine",
        "ingress_nginx/test_names.py test_a_service_that_leads_to_a_name_is_served_from_there_while_the_name_is_good",
    ),
    row("ports by number, name and target", f"{BACKENDS} test_a_port_is_found_by_number_name_or_target"),
    row("CORS", "scene cors", "scene cors-all", "scene cors-closed", "ingress_nginx/test_cors.py test_origins"),
    row(
        "headers of an Ingress",
        "scene added",
        f"{OPTIONS} test_headers_of_an_ingress_are_those_that_the_gateway_allows",
    ),
    row("Connection to backends", "ingress_nginx/test_exchange.py test_a_fixed_connection_header"),
    row("copies of requests", "ingress_nginx/test_mirror.py test_a_copy_has_method_target_headers_and_body"),
    row("headers of the whole gateway", f"{OPTIONS} test_headers_for_backends_and_clients"),
    row("places in answers", "scene cookies", "scene cookies-dotted", "scene locations"),
    row(
        "compression",
        "scene compressed",
        f"{COMPRESSION} test_it_begins_and_ends_with_the_next_snapshot",
        f"{COMPRESSION} test_a_class_has_its_own",
        f"{COMPRESSION} test_answers_in_place_of_errors_are_compressed_and_those_of_the_gateway_are_not",
        "dataplane/test_compression.py test_an_event_arrives_when_the_upstream_has_sent_it",
        "golden options/compression",
    ),
    row(
        "endpoints come and go",
        "faults/test_live_changes.py test_endpoints_come_and_go_under_load",
        "faults/test_live_changes.py test_without_an_endpoint_it_is_503_until_one_comes",
    ),
    row("underscores in names of headers", "scene told"),
    row("underscores that are wanted", f"{OPTIONS} test_underscores_in_names_of_headers"),
)

CLUSTER: Final = (
    row("which Ingresses are served", f"{CONTROL} test_classes"),
    row(
        "classes change",
        f"{CONTROL} test_ingresses_come_and_go_with_their_class",
        f"{CONTROL} test_an_ingress_comes_and_goes_by_the_class_that_it_names",
    ),
    row("namespaces by their labels", f"{CONTROL} test_a_namespace_comes_and_goes_with_its_label"),
    row("addresses in status", "cluster_tests/test_status.py test_one_leads_and_writes_and_another_takes_over"),
    row("ports of TCP and UDP services", f"{CONTROL} test_ports_that_are_not_served_are_named"),
    row(
        "what a webhook refuses",
        f"{CONTROL} test_mistakes_are_named",
        "unit/webhook/test_review.py test_a_snippet_is_refused_by_name",
        "tools/test_webhook.py test_what_is_wrong_is_refused_by_name",
        "tools/test_webhook.py test_what_is_too_large_or_no_review_is_refused_and_it_goes_on",
        "unit/translate/test_limits.py test_too_many_routes",
    ),
    row(
        "what a webhook lets in",
        "tools/test_webhook.py test_what_is_right_or_of_others_is_let_in",
        "unit/webhook/test_review.py test_what_an_ingress_refers_to_may_be_in_the_cluster",
        "cluster_tests/test_validation.py test_the_webhook_is_asked_and_heard",
    ),
    row(
        "a bad Ingress harms no other",
        f"{CONTROL} test_a_wrong_ingress_stops_no_other",
        f"{PATHS} test_an_ingress_that_is_wrong_harms_no_other",
    ),
    row("a graceful end", "faults/test_processes.py test_sigterm_finishes_what_runs_and_turns_readiness_off"),
    row("metrics by route", f"{CONTROL} test_requests_are_counted_by_route"),
    row(
        "other names of a host",
        "scene alias",
        f"{PATHS} test_an_alias_is_for_all_paths_of_its_host_and_never_for_a_host_of_its_own",
        f"{CONTROL} test_an_alias_is_served",
    ),
    row(
        "names with wildcards and expressions",
        "scene alias-order",
        f"{ALIASES} test_a_host_comes_first_then_the_longest_wildcard_then_an_expression",
        f"{ALIASES} test_a_host_of_an_ingress_takes_its_name_back",
    ),
    row(
        "the access log",
        f"{CONTROL} test_an_ingress_may_be_kept_out_of_the_access_log",
        "unit/telemetry/test_lines.py test_the_line_of_ingress_nginx",
    ),
    row(
        "the form of the access log",
        "ingress_nginx/test_logs.py test_a_line_names_the_object_and_whoever_took_the_request",
        "ingress_nginx/test_logs.py test_what_no_route_takes_and_what_is_refused_follows_the_form",
        "compare_nginx/test_logs.py test_lines_are_those_of_nginx",
        "compare_nginx/test_logs.py test_a_line_of_json_is_json_whatever_a_client_sends",
        "compare_nginx/test_log_values.py test_bytes_that_hurt_are_written_as_nginx_does_it",
        "compare_nginx/test_log_values.py test_a_request_is_complete_where_nginx_says_so",
        "ingress_nginx/test_logs.py test_a_line_tells_where_a_request_came_to",
        "ingress_nginx/test_client_certificates.py test_the_access_log_can_tell_of_them",
    ),
    row(
        "requests that are not logged",
        "ingress_nginx/test_logs.py test_urls_can_be_kept_out",
        "ingress_nginx/test_logs.py test_hosts_that_nobody_serves_can_be_kept_out",
        "ingress_nginx/test_logs.py test_a_log_that_is_disabled_has_nothing",
    ),
    row(
        "objects of other namespaces",
        f"{PATHS} test_what_lies_in_another_namespace_is_not_reached",
        "golden ingress/tls-secret-in-another-namespace",
        "golden ingress/service-of-another-namespace",
    ),
    row(
        "objects of other namespaces that may be named",
        "ingress_nginx/test_grants.py test_the_gateway_may_let_every_namespace_name_every_other",
        "ingress_nginx/test_grants.py test_a_grant_opens_a_secret_and_its_end_closes_the_routes",
        "golden ingress/reference-grants",
    ),
    row(
        "options that an annotation overrides",
        "golden options/defaults-of-annotations",
        f"{DEFAULTS} test_cookies_and_redirects_of_backends",
        f"{DEFAULTS} test_redirects_to_https",
        f"{DEFAULTS} test_redirects_to_a_path",
        f"{DEFAULTS} test_requests_that_agree_go_to_one_endpoint",
    ),
    row("ids that are not made", f"{DEFAULTS} test_ids_of_requests_are_those_of_clients_alone"),
    row("another header with the first host", f"{DEFAULTS} test_the_host_that_proxies_in_front_were_asked_for"),
    row("the Server of backends", f"{DEFAULTS} test_which_software_answers"),
    row("what limits count by", f"{DEFAULTS} test_limits_count_by_what_the_option_says"),
    row("options change", f"{OPTIONS} test_a_change_of_the_options_is_served_at_once"),
)

BEHAVIOURS: Final = (
    *ROUTING,
    *REGEXES,
    *SENT_ELSEWHERE,
    *CERTIFICATES,
    *LET_IN,
    *SHARED,
    *PROXYING,
    *CLUSTER,
)
