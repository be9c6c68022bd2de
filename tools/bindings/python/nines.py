"""nines for Python: the C API by ctypes, with columns that are numpy arrays where numpy is there.

    import nines
    with nines.open("checks.db") as store:
        store.add_server("site", url="https://example.org")
        store.append("site", nines.now_ms(), "up", latency_us=80_112)
        hour = store.scan("site", "-1h")       # hour.time_ms, hour.latency_us, hour.state ...: arrays, not copied
        print(store.uptime("site", "-30d").uptime_ratio)

Times are UTC milliseconds since 1970. A window is a text such as "-24h", "7d", "2026-07", or a pair of times. What goes
wrong is a nines.Error with the code's name. A store and a prober may be used from any threads.

The library is found as libnines.so.0, or by its path in the environment variable NINES_LIBRARY.
"""
import ctypes
import math
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint8,
                    c_uint16, c_uint32, c_uint64, c_void_p, sizeof)

try:
    import numpy
except ImportError:  # columns are memoryviews then
    numpy = None

NO_LATENCY = 0xFFFFFFFF
STATES = ("unknown", "up", "degraded", "down", "maintenance", "paused")
DURABILITIES = ("buffered", "process", "disk")

_library = ctypes.CDLL(os.environ.get("NINES_LIBRARY", "libnines.so.0"))
_library.nines_version_text.restype = c_char_p
_library.nines_code_name.restype = c_char_p
_library.nines_cause_name.restype = c_char_p
_library.nines_dashboard_name.restype = c_char_p
_library.nines_now_ms.restype = c_int64
for _name in ("nines_servers_count", "nines_incidents_count", "nines_bars_count", "nines_dashboard_count",
              "nines_dashboard_bar_count"):
    getattr(_library, _name).restype = c_size_t
for _name in ("servers", "cursor", "columns", "incidents", "bars", "dashboard", "prober"):
    getattr(_library, f"nines_{_name}_free").restype = None

__version__ = _library.nines_version_text().decode()


class Error(Exception):
    """What a call came to. `code` is the name of a nines_code: "not_found", "locked" and so on."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


class _CError(Structure):
    _fields_ = [("code", c_int32), ("reserved", c_uint32), ("message", c_char * 504)]


def _struct(name, *fields):
    """A struct of <nines/nines.h>, with its size at the beginning."""

    def start(self, **values):
        Structure.__init__(self, size=sizeof(type(self)), **values)

    return type(name, (Structure,), {"_fields_": [("size", c_uint32), *fields], "__init__": start})


_LogCallback = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
_ClockCallback = CFUNCTYPE(c_int64, c_void_p)
_States = c_int64 * len(STATES)

_Options = _struct(
    "_Options", ("no_create", c_uint8), ("drop_damaged_log", c_uint8), ("trust_clock", c_uint8),
    ("disk_reserve_bytes", c_int64), ("max_ahead_ms", c_int64), ("max_store_bytes", c_int64),
    ("keep_checks_days", c_int32), ("keep_summaries_days", c_int32), ("head_bytes", c_int64),
    ("block_cache_bytes", c_int64), ("scan_threads", c_int32), ("background_threads", c_int32), ("context", c_void_p),
    ("clock", _ClockCallback), ("log", _LogCallback))
_Server = _struct(
    "_Server", ("id", c_uint32), ("name", c_char_p), ("url", c_char_p), ("group", c_char_p), ("created_at_ms", c_int64),
    ("interval_ms", c_int64), ("timeout_ms", c_int64), ("confirm_failures", c_uint16), ("confirm_successes", c_uint16),
    ("quorum", c_uint16), ("objective", c_double), ("keep_checks_days", c_int32), ("keep_summaries_days", c_int32),
    ("tag_count", c_size_t), ("tag_keys", POINTER(c_char_p)), ("tag_values", POINTER(c_char_p)))
_Result = _struct(
    "_Result", ("server", c_uint32), ("time_ms", c_int64), ("location", c_uint16), ("state", c_uint8), ("cause", c_uint8),
    ("code", c_uint16), ("retry", c_uint8), ("has_latency", c_uint8), ("latency_us", c_uint32), ("interval_ms", c_uint32),
    ("phases", c_void_p), ("detail", c_char_p))
_Batch = _struct(
    "_Batch", ("server", c_uint32), ("count", c_size_t), ("servers", c_void_p), ("time_ms", c_void_p),
    ("state", c_void_p), ("latency_us", c_void_p), ("code", c_void_p), ("cause", c_void_p), ("location", c_void_p),
    ("interval_ms", c_void_p), ("detail", c_void_p))
_Arrays = _struct(
    "_Arrays", ("count", c_size_t), ("time_ms", c_void_p), ("latency_us", c_void_p), ("state", c_void_p),
    ("cause", c_void_p), ("code", c_void_p), ("location", c_void_p))
_Query = _struct(
    "_Query", ("maintenance", c_uint8), ("unknown", c_uint8), ("exact", c_uint8), ("from_ms", c_int64),
    ("to_ms", c_int64), ("now_ms", c_int64), ("confirm_failures", c_uint16), ("confirm_successes", c_uint16),
    ("cancelled", c_void_p))
_Figures = _struct(
    "_Figures", ("server", c_uint32), ("from_ms", c_int64), ("to_ms", c_int64), ("uptime_ratio", c_double),
    ("uptime_lower", c_double), ("uptime_upper", c_double), ("coverage_ratio", c_double),
    ("check_success_ratio", c_double), ("checks", c_uint64), ("failed_checks", c_uint64), ("blips", c_uint64),
    ("time_ms", _States), ("incidents", c_uint64), ("mttr_ms", c_double), ("mtbf_ms", c_double),
    ("longest_outage_ms", c_int64), ("latency_count", c_uint64), ("latency_mean_us", c_double),
    ("latency_min_us", c_double), ("latency_max_us", c_double), ("latency_p50_us", c_double),
    ("latency_p90_us", c_double), ("latency_p95_us", c_double), ("latency_p99_us", c_double),
    ("latency_exact", c_uint8), ("state", c_uint8), ("last_state", c_uint8), ("last_code", c_uint16),
    ("state_since_ms", c_int64), ("last_time_ms", c_int64), ("last_latency_us", c_int64), ("range_scans", c_uint64),
    ("bytes_read", c_uint64))
_Incident = _struct(
    "_Incident", ("server", c_uint32), ("from_ms", c_int64), ("to_ms", c_int64), ("duration_ms", c_int64),
    ("window_ms", c_int64), ("down_ms", c_int64), ("detected_ms", c_int64), ("failed_checks", c_uint64),
    ("code", c_uint16), ("cause", c_uint8), ("end_seen", c_uint8), ("detail", c_char_p))
_Bar = _struct(
    "_Bar", ("latency_max_us", c_uint32), ("from_ms", c_int64), ("to_ms", c_int64), ("time_ms", _States),
    ("uptime_ratio", c_double), ("checks", c_uint64), ("failed_checks", c_uint64), ("latency_mean_us", c_double))
_DashboardOptions = _struct(
    "_DashboardOptions", ("bars", c_uint32), ("group", c_char_p), ("search", c_char_p), ("sort", c_uint8),
    ("offset", c_uint32), ("limit", c_uint32))


def _call(name, *arguments):
    error = _CError()
    if getattr(_library, name)(*arguments, byref(error)) != 0:
        raise Error(_library.nines_code_name(error.code).decode(), error.message.decode())


def _bytes(text):
    return None if text is None else text.encode()


def _index(word, words):
    try:
        return words.index(word)
    except ValueError:
        raise Error("invalid_argument", f"{word!r} is none of {', '.join(words)}") from None


class Record(dict):
    """Figures by name, also as attributes. What does not exist is None."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _plain(struct, server=None):
    out = Record()
    for name, kind in struct._fields_[1:]:
        value = getattr(struct, name)
        if kind is _States:
            value = dict(zip(STATES, value))
        elif kind is c_double and math.isnan(value) or kind is c_int64 and value == -1:
            value = None
        elif kind is c_char_p:
            value = value.decode()
        out[name] = value
    for name in ("state", "last_state"):
        if name in out:
            out[name] = STATES[out[name]]
    if "cause" in out:
        out["cause"] = _library.nines_cause_name(out["cause"]).decode()
    return out


class _Handle:
    """A handle of the library's that is freed with the last that needs it."""

    def __init__(self, free):
        self.value = c_void_p()
        self._free = free

    def __del__(self):
        if self.value:
            self._free(self.value)


class _Column:
    """Memory of a handle's that numpy looks at in place; keeps the handle."""

    def __init__(self, handle, address, count, kind):
        self._handle = handle
        self.__array_interface__ = {"version": 3, "typestr": kind, "shape": (count,), "data": (address, True)}


class Columns:
    """A window's results as read-only arrays of one length: time_ms (int64), latency_us (uint32, NO_LATENCY where there
    is none), state and cause (uint8), code and location (uint16). They look at the library's memory, which lives as
    long as any of them."""

    _KINDS = (("time_ms", "<i8", c_int64), ("latency_us", "<u4", c_uint32), ("state", "|u1", c_uint8),
              ("cause", "|u1", c_uint8), ("code", "<u2", c_uint16), ("location", "<u2", c_uint16))

    def __init__(self, handle):
        arrays = _Arrays()
        _call("nines_columns_arrays", handle.value, byref(arrays))
        self._count = arrays.count
        for name, kind, ctype in self._KINDS:
            address = getattr(arrays, name)
            if numpy is not None and self._count > 0:
                column = numpy.asarray(_Column(handle, address, self._count, kind))
            elif numpy is not None:
                column = numpy.empty(0, kind)
            else:
                memory = (ctype * self._count).from_address(address) if self._count > 0 else (ctype * 0)()
                memory._handle = handle
                column = memoryview(memory).cast("B").cast(ctype._type_).toreadonly()
            setattr(self, name, column)

    def __len__(self):
        return self._count


def _pointer_to(values, ctype, kind, count):
    """The address of `values` as an array of `ctype`, and what keeps it."""
    if values is None:
        return None, None
    if len(values) != count:
        raise Error("invalid_argument", f"columns of {count} and of {len(values)} values")
    if numpy is not None:
        array = numpy.ascontiguousarray(values, dtype=kind)
        return array.ctypes.data, array
    array = (ctype * count)(*values)
    return ctypes.addressof(array), array


def now_ms():
    """The moment now, by the system's clock."""
    return _library.nines_now_ms()


def open(path, *, read_only=False, clock=None, log=None, **options):
    """A Store. `options` are the fields of nines_options; `clock()` gives the moment now and `log(level, message)` gets
    messages, both from any thread."""
    return Store(path, read_only, clock, log, options)


class Store:
    def __init__(self, path, read_only, clock, log, options):
        self._handle = None
        self._clock = clock or now_ms
        wanted = _Options(**options)
        if clock is not None:
            wanted.clock = _ClockCallback(lambda _: clock())
        if log is not None:
            wanted.log = _LogCallback(lambda _, level, message: log(level, message.decode()))
        self._callbacks = (wanted.clock, wanted.log)
        handle = c_void_p()
        _call("nines_open_read_only" if read_only else "nines_open", os.fsencode(path), byref(wanted), byref(handle))
        self._handle = handle

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Writes out what is in memory and closes. Every other call fails from then on; columns stay."""
        handle, self._handle = self._handle, None
        if handle is not None:
            _call("nines_close", handle)

    __del__ = close

    def _open(self):
        if self._handle is None:
            raise Error("closed", "the store was closed")
        return self._handle

    def _id(self, server):
        if isinstance(server, int):
            return c_uint32(server)
        number = c_uint32()
        _call("nines_find_server", self._open(), server.encode(), byref(number))
        return number

    def _window(self, window, now=None):
        if not isinstance(window, str):
            return c_int64(int(window[0])), c_int64(int(window[1]))
        begin, end = c_int64(), c_int64()
        _call("nines_parse_window", window.encode(), c_int64(now or self._clock()), None, byref(begin), byref(end))
        return begin, end

    def _query(self, window, now=None, **fields):
        begin, end = self._window(window, now)
        return _Query(from_ms=begin.value, to_ms=end.value, now_ms=now or 0, **fields)

    def add_server(self, name, *, url="", group="", tags=None, **fields):
        """The new server's number. `fields` are those of nines_server, such as interval_ms."""
        tags = tags or {}
        server = _Server(name=name.encode(), url=url.encode(), group=group.encode(), tag_count=len(tags), **fields)
        server.tag_keys = (c_char_p * len(tags))(*(key.encode() for key in tags))
        server.tag_values = (c_char_p * len(tags))(*(value.encode() for value in tags.values()))
        number = c_uint32()
        _call("nines_add_server", self._open(), byref(server), byref(number))
        return number.value

    def remove_server(self, server):
        """Removes a server and its history."""
        _call("nines_remove_server", self._open(), self._id(server))

    def servers(self):
        """A Record a server, ascending by number; `tags` is a dict."""
        handle = _Handle(_library.nines_servers_free)
        _call("nines_list_servers", self._open(), byref(handle.value))
        out = []
        for index in range(_library.nines_servers_count(handle.value)):
            server = _Server()
            _call("nines_servers_get", handle.value, c_size_t(index), byref(server))
            plain = Record((name, getattr(server, name)) for name, _ in server._fields_[1:-3])
            for name in ("name", "url", "group"):
                plain[name] = plain[name].decode()
            plain["tags"] = {server.tag_keys[i].decode(): server.tag_values[i].decode() for i in range(server.tag_count)}
            out.append(plain)
        return out

    def append(self, server, time_ms, state, *, latency_us=None, detail="", durability="process", **fields):
        """Stores one result. `fields` are those of nines_result: code, cause, location, interval_ms."""
        result = _Result(server=self._id(server).value, time_ms=time_ms, state=_index(state, STATES),
                         has_latency=latency_us is not None, latency_us=latency_us or 0, detail=detail.encode(), **fields)
        _call("nines_append", self._open(), byref(result), c_int32(_index(durability, DURABILITIES)))

    def append_many(self, server, time_ms, state, *, durability="process", load=False, **columns):
        """Stores columns of results of one server: `state` as numbers (STATES), and latency_us, code, cause, location or
        interval_ms by name. Arrays of the right type are not copied. `load` is for much history, ascending by time."""
        batch = _Batch(server=self._id(server).value, count=len(time_ms))
        kinds = {"time_ms": (c_int64, "<i8"), "state": (c_uint8, "|u1"), "latency_us": (c_uint32, "<u4"),
                 "code": (c_uint16, "<u2"), "cause": (c_uint8, "|u1"), "location": (c_uint16, "<u2"),
                 "interval_ms": (c_uint32, "<u4")}
        kept = []
        for name, values in {"time_ms": time_ms, "state": state, **columns}.items():
            if name not in kinds:
                raise Error("invalid_argument", f"there is no column {name!r}")
            address, array = _pointer_to(values, *kinds[name], len(time_ms))
            setattr(batch, name, address)
            kept.append(array)
        if load:
            _call("nines_load", self._open(), byref(batch))
        else:
            _call("nines_append_batch", self._open(), byref(batch), c_int32(_index(durability, DURABILITIES)))

    def scan(self, server, window):
        """The window's results as Columns."""
        handle = _Handle(_library.nines_columns_free)
        _call("nines_read", self._open(), self._id(server), *self._window(window), byref(handle.value))
        return Columns(handle)

    def uptime(self, server, window, *, now=None, **policy):
        """The figures of one server, a Record with the names of nines_figures."""
        figures = _Figures()
        query = self._query(window, now, **policy)
        _call("nines_uptime", self._open(), self._id(server), byref(query), byref(figures))
        return _plain(figures)

    def incidents(self, window, servers=(), *, now=None, **policy):
        """Confirmed outages of `servers`, or of all."""
        ids = [self._id(server).value for server in servers]
        handle = _Handle(_library.nines_incidents_free)
        query = self._query(window, now, **policy)
        _call("nines_list_incidents", self._open(), (c_uint32 * len(ids))(*ids), c_size_t(len(ids)), byref(query),
              byref(handle.value))
        return _list(handle, "incidents", _Incident)

    def bars(self, server, window, count=48, *, now=None, **policy):
        """The window in equal buckets."""
        handle = _Handle(_library.nines_bars_free)
        query = self._query(window, now, **policy)
        _call("nines_list_bars", self._open(), self._id(server), byref(query), c_uint32(count), byref(handle.value))
        return _list(handle, "bars", _Bar)

    def dashboard(self, window, *, bars=0, group=None, search=None, sort="name", offset=0, limit=0, now=None, **policy):
        """A Record a server: name, the figures, and `bars`."""
        options = _DashboardOptions(bars=bars, group=_bytes(group), search=_bytes(search), offset=offset, limit=limit,
                                    sort=_index(sort, ("name", "worst", "slowest")))
        handle = _Handle(_library.nines_dashboard_free)
        query = self._query(window, now, **policy)
        _call("nines_ask_dashboard", self._open(), byref(query), byref(options), byref(handle.value))
        rows = []
        for index in range(_library.nines_dashboard_count(handle.value)):
            figures, bar, row_bars = _Figures(), _Bar(), []
            _call("nines_dashboard_figures", handle.value, c_size_t(index), byref(figures))
            for number in range(_library.nines_dashboard_bar_count(handle.value, c_size_t(index))):
                _call("nines_dashboard_bar", handle.value, c_size_t(index), c_size_t(number), byref(bar))
                row_bars.append(_plain(bar))
            name = _library.nines_dashboard_name(handle.value, c_size_t(index)).decode()
            rows.append(Record(_plain(figures), name=name, bars=row_bars))
        return rows

    def flush(self):
        """Makes everything appended so far survive a power cut."""
        _call("nines_flush", self._open())

    def refresh(self):
        """Of a read-only store: sees what has been written since."""
        _call("nines_refresh", self._open())

    def backup(self, path):
        """A checked copy in a new directory."""
        _call("nines_backup", self._open(), os.fsencode(path))


def _list(handle, name, kind):
    out = []
    for index in range(getattr(_library, f"nines_{name}_count")(handle.value)):
        item = kind()
        _call(f"nines_{name}_get", handle.value, c_size_t(index), byref(item))
        out.append(_plain(item))
    return out
