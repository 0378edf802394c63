/*
 * Every metric that the data plane counts, once. C includes this file from abi.h, Rust from engine/src/telemetry/counters.rs,
 * and the exposition, the documentation and the tests are made from it: a new metric is one new row.
 *
 * It is a list for both languages at once: a C comment that ends in a backslash goes on in the next line, a Rust comment
 * does not, so only Rust sees the `metrics! {` below and its closing brace.
 *
 * COUNTER(Id, "name", "labels", "help")          one u64 per worker, which only grows
 * GAUGE("name", "labels", Opened, Closed, "help") the difference of two counters
 * SERIES(Id, "name", "type", "help")              kept elsewhere in the shared memory: per route, or in a ring
 *
 * Rows of one name stand together; the help text stands in the first of them. Counters first, then gauges, then series.
 * Changing, moving or removing a row needs no new SALLYGATE_ABI: both sides are always built together.
 */
// \
metrics! {

// Client connections
COUNTER(ConnectionsOpenedHttp, "sallygate_client_connections_opened_total", "listener=\"http\"", "Connections accepted from clients.")
COUNTER(ConnectionsOpenedHttps, "sallygate_client_connections_opened_total", "listener=\"https\"", "")
COUNTER(ConnectionsClosedHttp, "sallygate_client_connections_closed_total", "listener=\"http\"", "Connections of clients that ended, by either side.")
COUNTER(ConnectionsClosedHttps, "sallygate_client_connections_closed_total", "listener=\"https\"", "")
COUNTER(ConnectionsRefusedLimit, "sallygate_client_connections_refused_total", "reason=\"limit\"", "Connections closed before anything was read: the connection limit was reached, or accept() failed for want of descriptors or memory.")
COUNTER(ConnectionsRefusedResources, "sallygate_client_connections_refused_total", "reason=\"resources\"", "")
COUNTER(ConnectionsShed, "sallygate_client_connections_shed_total", "", "Idle connections closed, oldest first, to make room for new ones.")

COUNTER(ProxyHeadersRead, "sallygate_proxy_headers_total", "result=\"read\"", "Connections that had to begin with a PROXY header, by what became of it.")
COUNTER(ProxyHeadersRefused, "sallygate_proxy_headers_total", "result=\"refused\"", "")

// TLS with clients
COUNTER(TlsHandshakesFull, "sallygate_tls_handshakes_total", "result=\"full\"", "TLS handshakes with clients, by outcome.")
COUNTER(TlsHandshakesResumed, "sallygate_tls_handshakes_total", "result=\"resumed\"", "")
COUNTER(TlsHandshakesFailed, "sallygate_tls_handshakes_total", "result=\"failed\"", "")
COUNTER(TlsVersion12, "sallygate_tls_connections_total", "version=\"TLSv1.2\"", "TLS connections established with clients, by version.")
COUNTER(TlsVersion13, "sallygate_tls_connections_total", "version=\"TLSv1.3\"", "")

// Requests and responses, as the client sees them
COUNTER(RequestsStarted, "sallygate_client_requests_started_total", "", "Requests whose head was read, understood or not.")
COUNTER(RequestsFinished, "sallygate_client_requests_finished_total", "", "Requests that ended: answered, given up or turned into a tunnel.")
COUNTER(RequestsPipelined, "sallygate_client_requests_pipelined_total", "", "Requests that had begun to arrive before the one before them on their connection was answered.")
COUNTER(PipelineTurns, "sallygate_client_pipeline_turns_total", "", "Times a client with many requests sent ahead had to let others go first.")
COUNTER(RequestsAborted, "sallygate_client_requests_aborted_total", "", "Requests whose client left before its response was complete.")
COUNTER(Responses1xx, "sallygate_client_responses_total", "status=\"1xx\"", "Response heads sent to clients, by status class; 1xx counts informational ones and 101.")
COUNTER(Responses2xx, "sallygate_client_responses_total", "status=\"2xx\"", "")
COUNTER(Responses3xx, "sallygate_client_responses_total", "status=\"3xx\"", "")
COUNTER(Responses4xx, "sallygate_client_responses_total", "status=\"4xx\"", "")
COUNTER(Responses5xx, "sallygate_client_responses_total", "status=\"5xx\"", "")
COUNTER(RepliesLocal, "sallygate_local_replies_total", "", "Responses made by the gateway itself: errors, redirects, fixed answers.")
COUNTER(ClientBytesReceived, "sallygate_client_received_bytes_total", "", "Bytes of requests read from clients, heads and bodies, without TLS.")
COUNTER(ClientBytesSent, "sallygate_client_sent_bytes_total", "", "Bytes of responses written to clients, heads and bodies, without TLS.")

// Request bodies that are taken in before they are sent on
COUNTER(BodiesSpilled, "sallygate_request_bodies_spilled_total", "", "Request bodies that were too large for memory and went to disk.")
COUNTER(BodiesNotKept, "sallygate_request_bodies_streamed_total", "", "Request bodies that were to be taken in whole but were sent on as they came, because there was no room for them.")

// Trailer fields behind bodies in chunks, of both sides
COUNTER(TrailersForwarded, "sallygate_trailer_fields_total", "result=\"forwarded\"", "Trailer fields of bodies that were read to their end: sent on, or dropped because their name may not pass or the other side cannot take any.")
COUNTER(TrailersDropped, "sallygate_trailer_fields_total", "result=\"dropped\"", "")

// Compression of responses
COUNTER(CompressedGzip, "sallygate_compressed_responses_total", "result=\"gzip\"", "Responses that were compressed, by coding, and those that were not for want of memory (`compression_bytes`).")
COUNTER(CompressedBrotli, "sallygate_compressed_responses_total", "result=\"br\"", "")
COUNTER(CompressedNoRoom, "sallygate_compressed_responses_total", "result=\"no_room\"", "")
COUNTER(CompressionBytesTaken, "sallygate_compression_bytes_total", "side=\"in\"", "Bytes of bodies before and after compression.")
COUNTER(CompressionBytesGiven, "sallygate_compression_bytes_total", "side=\"out\"", "")

// Tunnels
COUNTER(TunnelsOpened, "sallygate_tunnels_opened_total", "", "Connections that became a tunnel after an Upgrade.")
COUNTER(TunnelsClosed, "sallygate_tunnels_closed_total", "", "Tunnels that ended.")
COUNTER(TunnelBytesReceived, "sallygate_tunnel_bytes_total", "direction=\"to_upstream\"", "Bytes carried by tunnels.")
COUNTER(TunnelBytesSent, "sallygate_tunnel_bytes_total", "direction=\"to_client\"", "")

// Upstream connections
COUNTER(UpstreamConnectionsOpened, "sallygate_upstream_connections_opened_total", "", "Connections established to endpoints.")
COUNTER(UpstreamConnectionsClosed, "sallygate_upstream_connections_closed_total", "", "Connections to endpoints that ended.")
COUNTER(UpstreamConnectionsReused, "sallygate_upstream_connections_reused_total", "", "Requests that took an idle connection instead of a new one.")
COUNTER(UpstreamConnectionsParked, "sallygate_upstream_connections_parked_total", "", "Connections put aside for the next request.")
COUNTER(UpstreamConnectionsUnparked, "sallygate_upstream_connections_unparked_total", "", "Idle connections taken out again, to be used or to be closed.")
COUNTER(UpstreamIdleExpired, "sallygate_upstream_idle_closed_total", "reason=\"expired\"", "Idle connections closed instead of reused.")
COUNTER(UpstreamIdlePeerClosed, "sallygate_upstream_idle_closed_total", "reason=\"peer_closed\"", "")
COUNTER(UpstreamIdleUnsolicited, "sallygate_upstream_idle_closed_total", "reason=\"unsolicited_bytes\"", "")
COUNTER(UpstreamIdlePoolFull, "sallygate_upstream_idle_closed_total", "reason=\"pool_full\"", "")
COUNTER(UpstreamIdleWorn, "sallygate_upstream_idle_closed_total", "reason=\"worn\"", "")
COUNTER(UpstreamConnectRefused, "sallygate_upstream_connect_failures_total", "reason=\"refused\"", "Attempts to connect to an endpoint that failed.")
COUNTER(UpstreamConnectTimeout, "sallygate_upstream_connect_failures_total", "reason=\"timeout\"", "")
COUNTER(UpstreamConnectUnreachable, "sallygate_upstream_connect_failures_total", "reason=\"unreachable\"", "")
COUNTER(UpstreamConnectTls, "sallygate_upstream_connect_failures_total", "reason=\"tls\"", "")
COUNTER(UpstreamConnectUntrusted, "sallygate_upstream_connect_failures_total", "reason=\"certificate\"", "")
COUNTER(UpstreamConnectResources, "sallygate_upstream_connect_failures_total", "reason=\"resources\"", "")
COUNTER(UpstreamConnectOther, "sallygate_upstream_connect_failures_total", "reason=\"other\"", "")

// Upstream exchanges
COUNTER(UpstreamRequests, "sallygate_upstream_requests_total", "", "Requests sent to endpoints, retries included.")
COUNTER(UpstreamResponses1xx, "sallygate_upstream_responses_total", "status=\"1xx\"", "Response heads read from endpoints, by status class.")
COUNTER(UpstreamResponses2xx, "sallygate_upstream_responses_total", "status=\"2xx\"", "")
COUNTER(UpstreamResponses3xx, "sallygate_upstream_responses_total", "status=\"3xx\"", "")
COUNTER(UpstreamResponses4xx, "sallygate_upstream_responses_total", "status=\"4xx\"", "")
COUNTER(UpstreamResponses5xx, "sallygate_upstream_responses_total", "status=\"5xx\"", "")
COUNTER(UpstreamBytesSent, "sallygate_upstream_sent_bytes_total", "", "Bytes written to endpoints, heads and bodies, without TLS.")
COUNTER(UpstreamBytesReceived, "sallygate_upstream_received_bytes_total", "", "Bytes read from endpoints, heads and bodies, without TLS.")
COUNTER(RetriesConnect, "sallygate_upstream_retries_total", "reason=\"connect\"", "Requests tried on another endpoint: no connection, one that broke, no answer in time, one that was no HTTP, or a status that asks for it.")
COUNTER(RetriesStale, "sallygate_upstream_retries_total", "reason=\"stale_connection\"", "")
COUNTER(RetriesTimeout, "sallygate_upstream_retries_total", "reason=\"timeout\"", "")
COUNTER(RetriesBroken, "sallygate_upstream_retries_total", "reason=\"broken\"", "")
COUNTER(RetriesInvalid, "sallygate_upstream_retries_total", "reason=\"invalid_answer\"", "")
COUNTER(RetriesStatus, "sallygate_upstream_retries_total", "reason=\"status\"", "")
COUNTER(RetriesExhausted, "sallygate_upstream_retries_exhausted_total", "", "Requests that failed after the last try they were allowed.")

// Copies of requests
COUNTER(MirrorsSent, "sallygate_mirrored_requests_total", "result=\"sent\"", "Copies of requests for another service: answered, not sent for want of room or of an endpoint, or failed. None of it shows in the requests themselves.")
COUNTER(MirrorsDropped, "sallygate_mirrored_requests_total", "result=\"dropped\"", "")
COUNTER(MirrorsFailed, "sallygate_mirrored_requests_total", "result=\"failed\"", "")

// Faults: whose, and what kind
COUNTER(FaultClientSyntax, "sallygate_faults_total", "origin=\"client\",kind=\"syntax\"", "Requests that ended in a fault, by whose fault it was and what kind.")
COUNTER(FaultClientFraming, "sallygate_faults_total", "origin=\"client\",kind=\"framing\"", "")
COUNTER(FaultClientLimit, "sallygate_faults_total", "origin=\"client\",kind=\"limit\"", "")
COUNTER(FaultClientUnsupported, "sallygate_faults_total", "origin=\"client\",kind=\"unsupported\"", "")
COUNTER(FaultClientTimeout, "sallygate_faults_total", "origin=\"client\",kind=\"timeout\"", "")
COUNTER(FaultClientAbort, "sallygate_faults_total", "origin=\"client\",kind=\"abort\"", "")
COUNTER(FaultClientCertificate, "sallygate_faults_total", "origin=\"client\",kind=\"certificate\"", "")
COUNTER(FaultClientNoRoute, "sallygate_faults_total", "origin=\"client\",kind=\"no_route\"", "")
COUNTER(FaultUpstreamNoEndpoint, "sallygate_faults_total", "origin=\"upstream\",kind=\"no_endpoint\"", "")
COUNTER(FaultUpstreamConnect, "sallygate_faults_total", "origin=\"upstream\",kind=\"connect\"", "")
COUNTER(FaultUpstreamTls, "sallygate_faults_total", "origin=\"upstream\",kind=\"tls\"", "")
COUNTER(FaultUpstreamTimeout, "sallygate_faults_total", "origin=\"upstream\",kind=\"timeout\"", "")
COUNTER(FaultUpstreamSyntax, "sallygate_faults_total", "origin=\"upstream\",kind=\"syntax\"", "")
COUNTER(FaultUpstreamFraming, "sallygate_faults_total", "origin=\"upstream\",kind=\"framing\"", "")
COUNTER(FaultUpstreamLimit, "sallygate_faults_total", "origin=\"upstream\",kind=\"limit\"", "")
COUNTER(FaultUpstreamAbort, "sallygate_faults_total", "origin=\"upstream\",kind=\"abort\"", "")
COUNTER(FaultUpstreamStatus, "sallygate_faults_total", "origin=\"upstream\",kind=\"status\"", "")
COUNTER(FaultAuthorisationNoEndpoint, "sallygate_faults_total", "origin=\"authorisation\",kind=\"no_endpoint\"", "")
COUNTER(FaultAuthorisationConnect, "sallygate_faults_total", "origin=\"authorisation\",kind=\"connect\"", "")
COUNTER(FaultAuthorisationTls, "sallygate_faults_total", "origin=\"authorisation\",kind=\"tls\"", "")
COUNTER(FaultAuthorisationTimeout, "sallygate_faults_total", "origin=\"authorisation\",kind=\"timeout\"", "")
COUNTER(FaultAuthorisationSyntax, "sallygate_faults_total", "origin=\"authorisation\",kind=\"syntax\"", "")
COUNTER(FaultAuthorisationAbort, "sallygate_faults_total", "origin=\"authorisation\",kind=\"abort\"", "")
COUNTER(FaultAuthorisationStatus, "sallygate_faults_total", "origin=\"authorisation\",kind=\"status\"", "")
COUNTER(FaultAuthorisationPolicy, "sallygate_faults_total", "origin=\"authorisation\",kind=\"policy\"", "")
COUNTER(FaultAuthorisationInternal, "sallygate_faults_total", "origin=\"authorisation\",kind=\"internal\"", "")
COUNTER(FaultGatewayPolicy, "sallygate_faults_total", "origin=\"gateway\",kind=\"policy\"", "")
COUNTER(FaultGatewayRegexLimit, "sallygate_faults_total", "origin=\"gateway\",kind=\"regex_limit\"", "")
COUNTER(FaultGatewayInternal, "sallygate_faults_total", "origin=\"gateway\",kind=\"internal\"", "")

// Timeouts: which clock ran out
COUNTER(TimeoutHandshake, "sallygate_timeouts_total", "kind=\"tls_handshake\"", "Deadlines that passed, by what was waited for.")
COUNTER(TimeoutProxyHeader, "sallygate_timeouts_total", "kind=\"proxy_header\"", "")
COUNTER(TimeoutRequestHead, "sallygate_timeouts_total", "kind=\"request_head\"", "")
COUNTER(TimeoutRequestBody, "sallygate_timeouts_total", "kind=\"request_body\"", "")
COUNTER(TimeoutClientIdle, "sallygate_timeouts_total", "kind=\"client_idle\"", "")
COUNTER(TimeoutClientWrite, "sallygate_timeouts_total", "kind=\"client_write\"", "")
COUNTER(TimeoutClientRate, "sallygate_timeouts_total", "kind=\"client_rate\"", "")
COUNTER(TimeoutUpstreamConnect, "sallygate_timeouts_total", "kind=\"upstream_connect\"", "")
COUNTER(TimeoutUpstreamWrite, "sallygate_timeouts_total", "kind=\"upstream_write\"", "")
COUNTER(TimeoutUpstreamRead, "sallygate_timeouts_total", "kind=\"upstream_read\"", "")
COUNTER(TimeoutTunnelIdle, "sallygate_timeouts_total", "kind=\"tunnel_idle\"", "")

// The worker itself
COUNTER(AccessLogRecords, "sallygate_access_log_records_total", "", "Access-log records handed to the log pump.")
COUNTER(Panics, "sallygate_panics_total", "", "Panics caught in a worker; each closed one connection.")
COUNTER(SnapshotsTaken, "sallygate_snapshots_taken_total", "", "Times a worker began to serve a newer snapshot, summed over the workers.")

GAUGE("sallygate_client_connections", "listener=\"http\"", ConnectionsOpenedHttp, ConnectionsClosedHttp, "Connections of clients that are open now.")
GAUGE("sallygate_client_connections", "listener=\"https\"", ConnectionsOpenedHttps, ConnectionsClosedHttps, "")
GAUGE("sallygate_client_requests_in_flight", "", RequestsStarted, RequestsFinished, "Requests that are being served now.")
GAUGE("sallygate_tunnels", "", TunnelsOpened, TunnelsClosed, "Tunnels that are open now.")
GAUGE("sallygate_upstream_connections", "", UpstreamConnectionsOpened, UpstreamConnectionsClosed, "Connections to endpoints that are open now, idle ones included.")
GAUGE("sallygate_upstream_idle_connections", "", UpstreamConnectionsParked, UpstreamConnectionsUnparked, "Connections to endpoints that wait for a request.")

SERIES(AccessLogDropped, "sallygate_access_log_dropped_total", "counter", "Access-log records lost because the log pump was too slow.")
SERIES(Requests, "sallygate_requests_total", "counter", "Requests per route, by status class. Requests without a route, or beyond the limit of series, have empty labels.")
SERIES(RequestBytes, "sallygate_request_body_bytes_total", "counter", "Bytes of request bodies per route.")
SERIES(ResponseBytes, "sallygate_response_body_bytes_total", "counter", "Bytes of response bodies per route.")
SERIES(RequestDuration, "sallygate_request_duration_seconds", "histogram", "Time from the first byte of a request to the last byte of its response, per route.")

// \
}
