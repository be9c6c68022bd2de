// Package nines is the C API by cgo: CGO_CFLAGS and CGO_LDFLAGS, or pkg-config, say where it is.
//
// Times are UTC milliseconds since 1970. A Store may be used by any goroutines at once; Close must be the last call.
package nines

// #cgo LDFLAGS: -lnines
// #include <nines/nines.h>
// #include <stdlib.h>
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// State is a server's condition.
type State uint8

const (
	Unknown State = iota
	Up
	Degraded
	Down
	Maintenance
	Paused
)

func (s State) String() string { return C.GoString(C.nines_state_name(C.uint32_t(s))) }

// Durability is how safe an append is when it returns.
type Durability int32

const (
	Buffered Durability = iota
	Process
	Disk
)

// NoLatency is a latency that is not there, in columns.
const NoLatency = math.MaxUint32

// Error is what a call came to. Code is the name of a nines_code.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func failure(code C.nines_code, said *C.nines_error) error {
	if code == C.NINES_OK {
		return nil
	}
	return &Error{C.GoString(C.nines_code_name(code)), C.GoString(&said.message[0])}
}

// Store is an open store.
type Store struct{ handle *C.nines_store }

// Open opens path for writing, and makes a store there when there is none.
func Open(path string) (*Store, error) { return open(path, false) }

// OpenReadOnly opens path beside a process that may be writing.
func OpenReadOnly(path string) (*Store, error) { return open(path, true) }

func open(path string, readOnly bool) (*Store, error) {
	text := C.CString(path)
	defer C.free(unsafe.Pointer(text))
	var store Store
	var said C.nines_error
	var code C.nines_code
	if readOnly {
		code = C.nines_open_read_only(text, nil, &store.handle, &said)
	} else {
		code = C.nines_open(text, nil, &store.handle, &said)
	}
	if err := failure(code, &said); err != nil {
		return nil, err
	}
	return &store, nil
}

// Close writes out what is in memory and frees the store. Closing it again does nothing.
func (s *Store) Close() error {
	var said C.nines_error
	handle := s.handle
	s.handle = nil
	return failure(C.nines_close(handle, &said), &said)
}

// Server is what is known of a server; zero is the usual value.
type Server struct {
	Name, URL, Group  string
	CreatedAt         int64
	Interval, Timeout int64 // milliseconds
	Objective         float64
}

// AddServer returns the new server's number.
func (s *Store) AddServer(server Server) (uint32, error) {
	in := C.nines_server{size: C.sizeof_nines_server}
	for _, text := range []struct {
		from string
		to   **C.char
	}{{server.Name, &in.name}, {server.URL, &in.url}, {server.Group, &in.group}} {
		*text.to = C.CString(text.from)
		defer C.free(unsafe.Pointer(*text.to))
	}
	in.created_at_ms = C.int64_t(server.CreatedAt)
	in.interval_ms = C.int64_t(server.Interval)
	in.timeout_ms = C.int64_t(server.Timeout)
	in.objective = C.double(server.Objective)
	var id C.uint32_t
	var said C.nines_error
	err := failure(C.nines_add_server(s.handle, &in, &id, &said), &said)
	return uint32(id), err
}

// FindServer returns the number of the server of that name.
func (s *Store) FindServer(name string) (uint32, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var id C.uint32_t
	var said C.nines_error
	err := failure(C.nines_find_server(s.handle, text, &id, &said), &said)
	return uint32(id), err
}

// Result is one check.
type Result struct {
	Server  uint32
	Time    int64
	State   State
	Latency *uint32 // microseconds
	Code    uint16
	Detail  string
}

// Append stores one result.
func (s *Store) Append(result Result, durability Durability) error {
	in := C.nines_result{size: C.sizeof_nines_result, server: C.uint32_t(result.Server), time_ms: C.int64_t(result.Time),
		state: C.uint8_t(result.State), code: C.uint16_t(result.Code)}
	if result.Latency != nil {
		in.has_latency = 1
		in.latency_us = C.uint32_t(*result.Latency)
	}
	in.detail = C.CString(result.Detail)
	defer C.free(unsafe.Pointer(in.detail))
	var said C.nines_error
	return failure(C.nines_append(s.handle, &in, C.int32_t(durability), &said), &said)
}

// Columns are a window's results. The slices look at the library's memory, and must not be used after Free.
type Columns struct {
	Time    []int64
	Latency []uint32 // microseconds, NoLatency where there is none
	State   []State
	Code    []uint16
	handle  *C.nines_columns
}

// Free gives the memory back. A Columns that is collected does so by itself.
func (c *Columns) Free() {
	C.nines_columns_free(c.handle)
	*c = Columns{}
}

// Read reads a window of a server.
func (s *Store) Read(server uint32, from, to int64) (*Columns, error) {
	columns := new(Columns)
	var said C.nines_error
	code := C.nines_read(s.handle, C.uint32_t(server), C.int64_t(from), C.int64_t(to), &columns.handle, &said)
	if err := failure(code, &said); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(columns, (*Columns).Free)
	arrays := C.nines_arrays{size: C.sizeof_nines_arrays}
	if err := failure(C.nines_columns_arrays(columns.handle, &arrays, &said), &said); err != nil {
		return nil, err
	}
	count := int(arrays.count)
	columns.Time = unsafe.Slice((*int64)(unsafe.Pointer(arrays.time_ms)), count)
	columns.Latency = unsafe.Slice((*uint32)(unsafe.Pointer(arrays.latency_us)), count)
	columns.State = unsafe.Slice((*State)(unsafe.Pointer(arrays.state)), count)
	columns.Code = unsafe.Slice((*uint16)(unsafe.Pointer(arrays.code)), count)
	return columns, nil
}

// Figures are what a window comes to. A ratio that does not exist is NaN.
type Figures struct {
	Uptime, Coverage     float64
	Checks, FailedChecks uint64
	Incidents            uint64
	State                State
	P95                  float64 // microseconds
}

// Uptime asks about one server at the moment now; 0 is the store's.
func (s *Store) Uptime(server uint32, from, to, now int64) (Figures, error) {
	query := C.nines_query{size: C.sizeof_nines_query, from_ms: C.int64_t(from), to_ms: C.int64_t(to), now_ms: C.int64_t(now)}
	out := C.nines_figures{size: C.sizeof_nines_figures}
	var said C.nines_error
	if err := failure(C.nines_uptime(s.handle, C.uint32_t(server), &query, &out, &said), &said); err != nil {
		return Figures{}, err
	}
	return Figures{float64(out.uptime_ratio), float64(out.coverage_ratio), uint64(out.checks), uint64(out.failed_checks),
		uint64(out.incidents), State(out.state), float64(out.latency_p95_us)}, nil
}

// Version is that of the library, such as "0.1.0".
func Version() string { return fmt.Sprint(C.GoString(C.nines_version_text())) }
