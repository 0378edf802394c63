"""Text into a growing buffer: numbers, escapes, times. `put_*` write without asking; `reserve` comes first."""

ctypedef struct Out:
    char *data
    size_t used, size


cdef inline bint reserve(Out *out, size_t more) noexcept nogil:
    """Makes room for `more` bytes; false when there is no memory."""
    cdef size_t size
    cdef char *data
    if out.size - out.used >= more:
        return True
    size = max(out.size * 2, out.used + more, <size_t>65536)
    data = <char *>realloc(out.data, size)
    if data == NULL:
        return False
    out.data = data
    out.size = size
    return True


cdef inline void put(Out *out, const char *text, size_t size) noexcept nogil:
    memcpy(out.data + out.used, text, size)
    out.used += size


cdef inline void put_text(Out *out, const char *text) noexcept nogil:
    put(out, text, strlen(text))


cdef inline void put_byte(Out *out, char byte) noexcept nogil:
    out.data[out.used] = byte
    out.used += 1


cdef inline void put_padded(Out *out, uint64_t value, int width) noexcept nogil:
    """The last `width` digits."""
    cdef int at
    for at in range(width - 1, -1, -1):
        out.data[out.used + at] = <char>(0x30 + value % 10)
        value //= 10
    out.used += width


cdef inline void put_three(Out *out, uint32_t value) noexcept nogil:
    """The last three digits."""
    out.data[out.used] = <char>(0x30 + value // 100 % 10)
    out.data[out.used + 1] = <char>(0x30 + value // 10 % 10)
    out.data[out.used + 2] = <char>(0x30 + value % 10)
    out.used += 3


cdef inline void put_number(Out *out, uint64_t value) noexcept nogil:
    cdef int width = 4
    cdef uint64_t bound = 10000
    cdef uint32_t few = <uint32_t>value
    # Most are a status, a length or less than a second.
    if value >= 1000:
        while value >= bound and width < 20:
            width += 1
            bound *= 10  # the last one is past the end, and is not asked
        put_padded(out, value, width)
    elif value >= 100:
        put_three(out, few)
    else:
        if value >= 10:
            put_byte(out, <char>(0x30 + few // 10))
        put_byte(out, <char>(0x30 + few % 10))


cdef inline void put_seconds(Out *out, uint64_t microseconds) noexcept nogil:
    put_number(out, microseconds // 1000000)
    put_byte(out, b'.')
    put_padded(out, microseconds, 6)


cdef inline void put_milliseconds(Out *out, uint64_t microseconds) noexcept nogil:
    """Seconds as nginx logs them: three digits, cut off."""
    put_number(out, microseconds // 1000000)
    put_byte(out, b'.')
    put_three(out, <uint32_t>(microseconds // 1000 % 1000))


cdef inline void put_hex(Out *out, const char *digits, uint32_t value, int width) noexcept nogil:
    cdef int at
    for at in range(width - 1, -1, -1):
        out.data[out.used + at] = digits[value & 15]
        value >>= 4
    out.used += width


cdef inline bint plain(uint8_t byte) noexcept nogil:
    return 0x20 <= byte < 0x7F and byte != 0x22 and byte != 0x5C


cdef inline bint plain_word(uint64_t word) noexcept nogil:
    """Whether all eight bytes are plain. Each sum stays inside its byte, and its highest bit says what the byte is."""
    cdef uint64_t low = word & 0x7F7F7F7F7F7F7F7FULL
    return (
        (low + 0x6060606060606060ULL)  # from the space on
        & ((low ^ 0x2222222222222222ULL) + 0x7F7F7F7F7F7F7F7FULL)  # no quote
        & ((low ^ 0x5C5C5C5C5C5C5C5CULL) + 0x7F7F7F7F7F7F7F7FULL)  # no backslash
        & ~(low + 0x0101010101010101ULL)  # below DEL
        & ~word
        & 0x8080808080808080ULL
    ) == 0x8080808080808080ULL


cdef inline size_t plain_run(const uint8_t *text, size_t size) noexcept nogil:
    """How many bytes from here on need no escape. Eight at a time, because nearly all text is plain; the last eight
    overlap those before them."""
    cdef size_t at = 0
    cdef uint64_t word = 0
    cdef uint32_t first, last
    while at + 8 <= size:
        memcpy(&word, text + at, 8)
        if not plain_word(word):
            break
        at += 8
    else:
        if at < size and size >= 4:
            if size >= 8:
                memcpy(&word, text + size - 8, 8)
            else:
                memcpy(&first, text, 4)
                memcpy(&last, text + size - 4, 4)
                word = first | <uint64_t>last << 32
            if plain_word(word):
                return size
    while at < size and plain(text[at]):
        at += 1
    return at


cdef inline bint all_plain(const uint8_t *text, size_t size) noexcept nogil:
    """Without a way out before the end, so that the compiler looks at sixteen bytes at a time."""
    cdef uint8_t odd = 0
    cdef size_t at
    for at in range(size):
        odd |= (text[at] < 0x20) | (text[at] >= 0x7F) | (text[at] == 0x22) | (text[at] == 0x5C)
    return odd == 0


cdef void put_nginx(Out *out, const uint8_t *text, size_t size) noexcept nogil:
    """Escaped as nginx does by default, at most four times as long."""
    cdef size_t at = 0, run
    while True:
        run = plain_run(text + at, size - at)
        put(out, <const char *>text + at, run)
        at += run
        if at == size:
            break
        put(out, b"\\x", 2)
        put_hex(out, b"0123456789ABCDEF", text[at], 2)
        at += 1


cdef inline void put_unit(Out *out, uint32_t unit) noexcept nogil:
    put(out, b"\\u", 2)
    put_hex(out, b"0123456789abcdef", unit, 4)


cdef inline int sequence(const uint8_t *text, size_t size, uint32_t *code) noexcept nogil:
    """Length of the UTF-8 sequence at `text`, and its code point; 0 when it is none (RFC 3629)."""
    cdef int length = 0, at
    cdef uint8_t first = text[0], low = 0x80, high = 0xBF
    if 0xC2 <= first <= 0xDF:
        length, code[0] = 2, first & 0x1F
    elif 0xE0 <= first <= 0xEF:
        length, code[0] = 3, first & 0x0F
        if first == 0xE0:
            low = 0xA0
        elif first == 0xED:
            high = 0x9F
    elif 0xF0 <= first <= 0xF4:
        length, code[0] = 4, first & 0x07
        if first == 0xF0:
            low = 0x90
        elif first == 0xF4:
            high = 0x8F
    if length == 0 or <size_t>length > size or not low <= text[1] <= high:
        return 0
    for at in range(1, length):
        if text[at] & 0xC0 != 0x80:
            return 0
        code[0] = code[0] << 6 | (text[at] & 0x3F)
    return length


cdef void put_json(Out *out, const uint8_t *text, size_t size) noexcept nogil:
    """The inside of a JSON string, in ASCII, at most six times as long. Bytes that are not UTF-8 become U+FFFD, one each:
    nothing that a terminal or a log reader could act upon gets through."""
    cdef size_t at = 0, run
    while True:
        run = plain_run(text + at, size - at)
        put(out, <const char *>text + at, run)
        at += run
        if at == size:
            break
        at += put_json_escape(out, text + at, size - at)


cdef int put_json_escape(Out *out, const uint8_t *text, size_t size) noexcept nogil:
    """One character that is not plain; how many bytes it took."""
    cdef uint32_t code = 0
    cdef uint8_t byte = text[0]
    cdef int length = 1
    if byte == 0x22 or byte == 0x5C:
        put_byte(out, b'\\')
        put_byte(out, <char>byte)
    elif byte == 0x0A:
        put(out, b"\\n", 2)
    elif byte == 0x0D:
        put(out, b"\\r", 2)
    elif byte == 0x09:
        put(out, b"\\t", 2)
    elif byte == 0x08:
        put(out, b"\\b", 2)
    elif byte == 0x0C:
        put(out, b"\\f", 2)
    elif byte < 0x80:
        put_unit(out, byte)
    else:
        length = sequence(text, size, &code)
        if length == 0:
            length, code = 1, 0xFFFD
        if code >= 0x10000:
            put_unit(out, 0xD800 + ((code - 0x10000) >> 10))
            put_unit(out, 0xDC00 + ((code - 0x10000) & 0x3FF))
        else:
            put_unit(out, code)
    return length


cdef bytes escaped(str text, bint json):
    """A label for a log line, escaped once when it is learned."""
    cdef bytes raw = text.encode("utf-8", "replace")
    cdef Out out
    memset(&out, 0, sizeof(Out))
    if not reserve(&out, <size_t>len(raw) * 6):
        raise MemoryError
    try:
        if json:
            put_json(&out, raw, len(raw))
        else:
            put_nginx(&out, raw, len(raw))
        return PyBytes_FromStringAndSize(out.data, out.used)
    finally:
        free(out.data)


cdef str prometheus(str value):
    """A label value, escaped as the text format wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


ctypedef struct Clock:
    # The texts of the second that was formatted last: a busy gateway logs thousands of lines in each.
    uint64_t second
    char local[26]
    char iso[19]


cdef void set_clock(Clock *clock, uint64_t second) noexcept nogil:
    """Days to a date after the proleptic Gregorian calendar, counted in eras of 400 years that begin in March."""
    cdef Out out
    cdef const char *months = b"JanFebMarAprMayJunJulAugSepOctNovDec"
    cdef uint64_t days = second // 86400, clock_seconds = second % 86400, shifted, era, day, year, month
    clock.second = second
    shifted = days + 719468
    era = shifted // 146097
    day = shifted % 146097
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day = day - (153 * month + 2) // 5 + 1
    year += era * 400
    month = month + 3 if month < 10 else month - 9
    if month <= 2:
        year += 1
    out.data, out.used, out.size = clock.local, 0, 26
    put_padded(&out, day, 2)
    put_byte(&out, b'/')
    put(&out, months + 3 * (month - 1), 3)
    put_byte(&out, b'/')
    put_padded(&out, year, 4)
    put_byte(&out, b':')
    put_time(&out, clock_seconds)
    put(&out, b" +0000", 6)
    out.data, out.used, out.size = clock.iso, 0, 19
    put_padded(&out, year, 4)
    put_byte(&out, b'-')
    put_padded(&out, month, 2)
    put_byte(&out, b'-')
    put_padded(&out, day, 2)
    put_byte(&out, b'T')
    put_time(&out, clock_seconds)


cdef inline void put_time(Out *out, uint64_t seconds) noexcept nogil:
    put_padded(out, seconds // 3600, 2)
    put_byte(out, b':')
    put_padded(out, seconds // 60 % 60, 2)
    put_byte(out, b':')
    put_padded(out, seconds % 60, 2)
