"""What the reader writes: access-log lines, and metrics in the Prometheus text format."""

# Everything in a line that is neither text of the record nor a label fits into this.
cdef size_t LINE_BYTES = 1024
cdef uint64_t NONE = <uint64_t>-1


cdef inline bint sound(const sallygate_record *record, uint64_t room) noexcept nogil:
    """Whether this can be a record: everything that it claims lies within `room`."""
    cdef uint32_t text = SALLYGATE_RECORD_TEXT
    cdef int field
    if room < sizeof(sallygate_record) or record.total > room or record.total % 8 != 0:
        return False
    if record.fields != SALLYGATE_RECORD_FIELDS:
        return False
    for field in range(SALLYGATE_RECORD_FIELDS):
        text += record.lengths[field]
    return text <= record.total


cdef tuple as_tuple(const sallygate_record *record):
    cdef const char *text = <const char *>record + SALLYGATE_RECORD_TEXT
    cdef list values = [
        record.status, record.flags, record.start_unix_ns, record.duration_us,
        None if record.upstream_us == NONE else record.upstream_us,
        record.request_length, record.body_bytes_sent, record.upstream_response_length, record.slot,
        record.upstream_status, record.tries, record.tls_version,
    ]
    cdef int field
    for field in range(SALLYGATE_RECORD_FIELDS):
        values.append(PyBytes_FromStringAndSize(text, record.lengths[field]))
        text += record.lengths[field]
    return tuple(values)


cdef inline const Label *label_of(const Label *labels, uint32_t slots, uint32_t slot) noexcept nogil:
    """The texts of a slot; NULL for "no route" and for a slot that was not learned yet."""
    return &labels[slot] if 0 < slot < slots and labels[slot].series != NULL else NULL


cdef bint put_line(Out *out, Clock *clock, const sallygate_record *record, const Label *label, bint json) noexcept nogil:
    """One access-log line. Its time is that of the response's end, as in nginx."""
    cdef const uint8_t *texts[11]
    cdef const uint8_t *first = <const uint8_t *>record + SALLYGATE_RECORD_TEXT
    cdef const uint8_t *text = first
    cdef uint64_t end = record.start_unix_ns + record.duration_us * 1000
    cdef int field
    cdef size_t labels = 0 if label == NULL else label.fields_size + label.upstream_size
    cdef Out line
    if not reserve(out, <size_t>record.total * 6 + labels + LINE_BYTES):
        return False
    if record.flags & SALLYGATE_FLAG_LINE:
        put(out, <const char *>first, record.lengths[0])
        put_byte(out, b'\n')
        return True
    for field in range(SALLYGATE_RECORD_FIELDS):
        texts[field] = text
        text += record.lengths[field]
    if end // 1000000000 != clock.second:
        set_clock(clock, end // 1000000000)
    if json:
        put_json_line(out, clock, record, texts, label, end // 1000000 % 1000)
    elif all_plain(first, text - first):
        # Nearly always. A copy that no other function knows stays in registers.
        line = out[0]
        put_nginx_line(&line, clock, record, texts, label, True)
        out.used = line.used
    else:
        put_nginx_line(out, clock, record, texts, label, False)
    return True


cdef inline void json_text(Out *out, const char *key, const sallygate_record *record, const uint8_t **texts, int field) noexcept nogil:
    put_text(out, key)
    put_byte(out, b'"')
    put_json(out, texts[field], record.lengths[field])
    put_byte(out, b'"')


cdef inline void json_number(Out *out, const char *key, uint64_t value) noexcept nogil:
    put_text(out, key)
    put_number(out, value)


cdef void put_json_line(
    Out *out, const Clock *clock, const sallygate_record *record, const uint8_t **texts, const Label *label, uint64_t milliseconds
) noexcept nogil:
    put_text(out, b'{"time":"')
    put(out, clock.iso, 19)
    put_byte(out, b'.')
    put_padded(out, milliseconds, 3)
    json_text(out, b'Z","remote_addr":', record, texts, SALLYGATE_REMOTE_ADDR)
    json_text(out, b',"remote_port":', record, texts, SALLYGATE_REMOTE_PORT)
    json_text(out, b',"method":', record, texts, SALLYGATE_METHOD)
    json_text(out, b',"target":', record, texts, SALLYGATE_TARGET)
    json_text(out, b',"protocol":', record, texts, SALLYGATE_PROTOCOL)
    json_text(out, b',"host":', record, texts, SALLYGATE_HOST)
    json_number(out, b',"status":', record.status)
    json_number(out, b',"body_bytes_sent":', record.body_bytes_sent)
    json_number(out, b',"request_length":', record.request_length)
    put_text(out, b',"request_time":')
    put_seconds(out, record.duration_us)
    json_text(out, b',"referer":', record, texts, SALLYGATE_REFERER)
    json_text(out, b',"user_agent":', record, texts, SALLYGATE_USER_AGENT)
    json_text(out, b',"request_id":', record, texts, SALLYGATE_REQUEST_ID)
    put_byte(out, b',')
    if label == NULL:
        put_text(out, b'"namespace":null,"ingress":null,"service":null,"service_port":null,"path":null')
    else:
        put(out, label.fields, label.fields_size)
    put_json_upstream(out, record, texts)
    json_number(out, b',"tries":', record.tries)
    put_text(out, b',"tls":')
    put_text(out, tls_name(record.tls_version))
    if record.lengths[<int>SALLYGATE_FAULT] == 0:
        put_text(out, b',"fault":null')
    else:
        json_text(out, b',"fault":', record, texts, SALLYGATE_FAULT)
    put(out, b"}\n", 2)


cdef void put_json_upstream(Out *out, const sallygate_record *record, const uint8_t **texts) noexcept nogil:
    if not record.flags & SALLYGATE_FLAG_UPSTREAM:
        put_text(
            out,
            b',"upstream_addr":null,"upstream_status":null,"upstream_response_time":null,"upstream_response_length":null',
        )
        return
    json_text(out, b',"upstream_addr":', record, texts, SALLYGATE_UPSTREAM_ADDR)
    put_text(out, b',"upstream_status":')
    if record.upstream_status == 0:
        put_text(out, b"null")
    else:
        put_number(out, record.upstream_status)
    put_text(out, b',"upstream_response_time":')
    if record.upstream_us == NONE:
        put_text(out, b"null")
    else:
        put_seconds(out, record.upstream_us)
    json_number(out, b',"upstream_response_length":', record.upstream_response_length)


cdef inline const char *tls_name(uint16_t version) noexcept nogil:
    if version == 0x0304:
        return b'"TLSv1.3"'
    if version == 0x0303:
        return b'"TLSv1.2"'
    return b'null' if version == 0 else b'"other"'


cdef inline void put_field(Out *out, const sallygate_record *record, const uint8_t **texts, int field, bint plain) noexcept nogil:
    if plain:
        put(out, <const char *>texts[field], record.lengths[field])
    else:
        put_nginx(out, texts[field], record.lengths[field])


cdef inline void or_dash(Out *out, const sallygate_record *record, const uint8_t **texts, int field, bint plain) noexcept nogil:
    if record.lengths[field] == 0:
        put_byte(out, b'-')
    else:
        put_field(out, record, texts, field, plain)


cdef inline void put_nginx_line(
    Out *out, const Clock *clock, const sallygate_record *record, const uint8_t **texts, const Label *label, bint plain
) noexcept nogil:
    """ingress-nginx's default `log-format-upstream`. There is no remote user and no alternative upstream here.

    A request line that was not understood stands in the target alone. `plain`: no text needs an escape.
    """
    cdef size_t start
    cdef int field
    or_dash(out, record, texts, SALLYGATE_REMOTE_ADDR, plain)
    put(out, b" - - [", 6)
    put(out, clock.local, 26)
    put(out, b'] "', 3)
    start = out.used
    for field in range(SALLYGATE_METHOD, SALLYGATE_PROTOCOL + 1):
        if record.lengths[field] != 0:
            if out.used != start:
                put_byte(out, b' ')
            put_field(out, record, texts, field, plain)
    put(out, b'" ', 2)
    put_number(out, record.status)
    put_byte(out, b' ')
    put_number(out, record.body_bytes_sent)
    put(out, b' "', 2)
    or_dash(out, record, texts, SALLYGATE_REFERER, plain)
    put(out, b'" "', 3)
    or_dash(out, record, texts, SALLYGATE_USER_AGENT, plain)
    put(out, b'" ', 2)
    put_number(out, record.request_length)
    put_byte(out, b' ')
    put_milliseconds(out, record.duration_us)
    put(out, b" [", 2)
    if label == NULL:
        put_byte(out, b'-')
    else:
        put(out, label.upstream, label.upstream_size)
    put(out, b"] [] ", 5)
    put_nginx_upstream(out, record, texts, plain)
    put_byte(out, b' ')
    or_dash(out, record, texts, SALLYGATE_REQUEST_ID, plain)
    put_byte(out, b'\n')


cdef inline void earlier_tries(Out *out, const sallygate_record *record) noexcept nogil:
    """nginx logs a list with one entry per try. Only the last try's numbers are recorded: `-` stands for the others."""
    cdef int tried
    for tried in range(1, min(record.tries, <uint16_t>32)):
        put(out, b"-, ", 3)


cdef inline void put_nginx_upstream(Out *out, const sallygate_record *record, const uint8_t **texts, bint plain) noexcept nogil:
    if not record.flags & SALLYGATE_FLAG_UPSTREAM:
        put(out, b"- - - -", 7)
        return
    or_dash(out, record, texts, SALLYGATE_UPSTREAM_ADDR, plain)
    put_byte(out, b' ')
    earlier_tries(out, record)
    put_number(out, record.upstream_response_length)
    put_byte(out, b' ')
    earlier_tries(out, record)
    if record.upstream_us == NONE:
        put_byte(out, b'-')
    else:
        put_milliseconds(out, record.upstream_us)
    put_byte(out, b' ')
    earlier_tries(out, record)
    if record.upstream_status == 0:
        put_byte(out, b'-')
    else:
        put_number(out, record.upstream_status)


cdef bint expose_head(Out *out, const char *name, const char *kind, const char *help) noexcept nogil:
    if not reserve(out, 2 * strlen(name) + strlen(help) + 64):
        return False
    put(out, b"# HELP ", 7)
    put_text(out, name)
    put_byte(out, b' ')
    put_text(out, help)
    put(out, b"\n# TYPE ", 8)
    put_text(out, name)
    put_byte(out, b' ')
    put_text(out, kind)
    put_byte(out, b'\n')
    return True


cdef bint expose_value(Out *out, const char *name, const char *labels, uint64_t value) noexcept nogil:
    if not reserve(out, strlen(name) + strlen(labels) + 64):
        return False
    put_text(out, name)
    if labels[0] != 0:
        put_byte(out, b'{')
        put_text(out, labels)
        put_byte(out, b'}')
    put_byte(out, b' ')
    put_number(out, value)
    put_byte(out, b'\n')
    return True


cdef bint expose_counters(Out *out, const uint64_t *sums) noexcept nogil:
    """The workers' counters, and the gauges between them. An end may be read before its beginning, hence the floor of 0."""
    cdef int index
    cdef const char *before = b""
    cdef const sallygate_counter_row *row
    cdef const sallygate_gauge_row *gauge
    cdef uint64_t value
    for index in range(SALLYGATE_COUNTERS):
        row = &sallygate_counter_rows[index]
        if strcmp(row.name, before) != 0 and not expose_head(out, row.name, b"counter", row.help):
            return False
        if not expose_value(out, row.name, row.labels, sums[index]):
            return False
        before = row.name
    for index in range(SALLYGATE_GAUGES):
        gauge = &sallygate_gauge_rows[index]
        if strcmp(gauge.name, before) != 0 and not expose_head(out, gauge.name, b"gauge", gauge.help):
            return False
        value = sums[gauge.opened] - sums[gauge.closed]
        if not expose_value(out, gauge.name, gauge.labels, value if <int64_t>value > 0 else 0):
            return False
        before = gauge.name
    return True


cdef inline bint expose_series(Out *out, int series) noexcept nogil:
    cdef const sallygate_series_row *row = &sallygate_series_rows[series]
    return expose_head(out, row.name, row.type, row.help)


cdef bint expose_dropped(Out *out, uint64_t dropped) noexcept nogil:
    cdef int series = SALLYGATE_SERIES_AccessLogDropped
    return expose_series(out, series) and expose_value(out, sallygate_series_rows[series].name, b"", dropped)


cdef bint expose_slots(Out *out, const uint64_t *sums, const Label *labels, size_t count) noexcept nogil:
    """The figures per route. Slot 0 has empty labels."""
    cdef int series
    cdef size_t slot
    cdef Label none
    cdef const Label *label = &none
    none.series = b'namespace="",ingress="",service="",port="",host="",path=""'
    none.series_size = strlen(none.series)
    for series in range(SALLYGATE_SERIES_Requests, SALLYGATE_SERIES_RequestDuration + 1):
        if not expose_series(out, series):
            return False
        label = &none
        for slot in range(count):
            if slot > 0:
                label = labels + slot
            if label.series == NULL or quiet(sums + slot * SALLYGATE_SLOT_WORDS):
                continue
            if not reserve(out, 16 * (label.series_size + 160)):
                return False
            expose_slot(out, series, sums + slot * SALLYGATE_SLOT_WORDS, label)
    return True


cdef inline bint quiet(const uint64_t *words) noexcept nogil:
    cdef int index
    for index in range(SALLYGATE_SLOT_WORDS):
        if words[index] != 0:
            return False
    return True


cdef inline void slot_name(Out *out, const char *name, const char *suffix, const Label *label) noexcept nogil:
    put_text(out, name)
    put_text(out, suffix)
    put_byte(out, b'{')
    put(out, label.series, label.series_size)


cdef void expose_slot(Out *out, int series, const uint64_t *words, const Label *label) noexcept nogil:
    cdef const char *name = sallygate_series_rows[series].name
    cdef int index
    if series == SALLYGATE_SERIES_Requests:
        for index in range(5):
            if words[SALLYGATE_SLOT_STATUS + index] != 0:
                slot_name(out, name, b"", label)
                put(out, b',status="', 9)
                put_byte(out, <char>(0x31 + index))
                put(out, b'xx"} ', 5)
                put_number(out, words[SALLYGATE_SLOT_STATUS + index])
                put_byte(out, b'\n')
    elif series == SALLYGATE_SERIES_RequestDuration:
        expose_histogram(out, name, words, label)
    else:
        slot_name(out, name, b"", label)
        put(out, b"} ", 2)
        if series == SALLYGATE_SERIES_RequestBytes:
            put_number(out, words[SALLYGATE_SLOT_REQUEST_BYTES])
        else:
            put_number(out, words[SALLYGATE_SLOT_RESPONSE_BYTES])
        put_byte(out, b'\n')


cdef void expose_histogram(Out *out, const char *name, const uint64_t *words, const Label *label) noexcept nogil:
    """Cumulative, and counted from the buckets themselves, so that +Inf always equals the count."""
    cdef uint64_t total = 0
    cdef int index
    for index in range(SALLYGATE_BUCKETS + 1):
        total += words[SALLYGATE_SLOT_BUCKETS + index]
        slot_name(out, name, b"_bucket", label)
        put(out, b',le="', 5)
        if index < SALLYGATE_BUCKETS:
            put_text(out, sallygate_bound_seconds[index])
        else:
            put(out, b"+Inf", 4)
        put(out, b'"} ', 3)
        put_number(out, total)
        put_byte(out, b'\n')
    slot_name(out, name, b"_sum", label)
    put(out, b"} ", 2)
    put_seconds(out, words[SALLYGATE_SLOT_DURATION_SUM])
    put_byte(out, b'\n')
    slot_name(out, name, b"_count", label)
    put(out, b"} ", 2)
    put_number(out, total)
    put_byte(out, b'\n')
