package nines

// #include <nines/nines.h>
// #include <stdlib.h>
// extern void ninesTold(void*, nines_change*);
// // A handle of Go's is a number, which C keeps where a pointer goes.
// static nines_code nines_go_prober(nines_store* store, uintptr_t context, nines_prober** prober, nines_error* error) {
//   nines_prober_options options = NINES_INIT(nines_prober_options);
//   options.context = (void*)context;
//   options.on_change = (void (*)(void*, const nines_change*))ninesTold;
//   return nines_prober_create(store, context == 0 ? NULL : &options, prober, error);
// }
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// Change is a confirmed change of a server's state.
type Change struct {
	Server   uint32
	Name     string
	From, To State
	Since    int64
}

// Prober checks servers of a store on their schedules. Free must be the last call; the store may be closed before, and
// then results are dropped.
type Prober struct {
	handle *C.nines_prober
	told   cgo.Handle
}

//export ninesTold
func ninesTold(context unsafe.Pointer, change *C.nines_change) {
	defer func() { _ = recover() }() // a panic ends here: the thread is the library's
	onChange := cgo.Handle(uintptr(context)).Value().(func(Change))
	onChange(Change{uint32(change.server), C.GoString(change.name), State(change.from), State(change.to),
		int64(change.since_ms)})
}

// NewProber makes a prober. onChange, which may be nil, is called by a thread of the prober, one call at a time, and must
// not free it.
func NewProber(store *Store, onChange func(Change)) (*Prober, error) {
	prober := new(Prober)
	if onChange != nil {
		prober.told = cgo.NewHandle(onChange)
	}
	var said C.nines_error
	code := C.nines_go_prober(store.handle, C.uintptr_t(prober.told), &prober.handle, &said)
	if err := failure(code, &said); err != nil {
		prober.Free()
		return nil, err
	}
	return prober, nil
}

// Watch probes a server from now on. check is a URL or JSON with the keys of a configuration; "push:" is a server whose
// results are reported.
func (p *Prober) Watch(server uint32, check string) error {
	text := C.CString(check)
	defer C.free(unsafe.Pointer(text))
	var said C.nines_error
	return failure(C.nines_prober_watch(p.handle, C.uint32_t(server), text, &said), &said)
}

// Start begins.
func (p *Prober) Start() error {
	var said C.nines_error
	return failure(C.nines_prober_start(p.handle, &said), &said)
}

// Report says how a job of the push server went: failure is why it failed, "" that it did not.
func (p *Prober) Report(name, failureText string) error {
	server := C.CString(name)
	defer C.free(unsafe.Pointer(server))
	message := C.CString(failureText)
	defer C.free(unsafe.Pointer(message))
	failed := C.int32_t(0)
	if failureText != "" {
		failed = 1
	}
	var said C.nines_error
	return failure(C.nines_prober_report(p.handle, server, failed, message, -1, &said), &said)
}

// Stop starts no more checks, stores every result, and joins the threads.
func (p *Prober) Stop() error {
	var said C.nines_error
	return failure(C.nines_prober_stop(p.handle, &said), &said)
}

// Free stops the prober when that was not done, and gives its memory back.
func (p *Prober) Free() {
	C.nines_prober_free(p.handle)
	p.handle = nil
	if p.told != 0 {
		p.told.Delete()
		p.told = 0
	}
}
