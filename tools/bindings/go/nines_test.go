package nines

import (
	"path/filepath"
	"testing"
)

const noon = 1_767_268_800_000

func storeWithSite(t *testing.T) (*Store, uint32) {
	store, err := Open(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	id, err := store.AddServer(Server{Name: "site", CreatedAt: noon})
	if err != nil {
		t.Fatal(err)
	}
	return store, id
}

// Ten minutes: down in the minutes 3, 4 and 5.
func TestWhatIsAppendedIsReadAndJudged(t *testing.T) {
	store, id := storeWithSite(t)
	for minute := int64(0); minute < 10; minute++ {
		latency := uint32(1000 + minute)
		result := Result{Server: id, Time: noon + minute*60_000, State: Up, Latency: &latency, Code: 200}
		if minute >= 3 && minute < 6 {
			result = Result{Server: id, Time: result.Time, State: Down, Code: 503, Detail: "no"}
		}
		if err := store.Append(result, Process); err != nil {
			t.Fatal(err)
		}
	}
	columns, err := store.Read(id, noon, noon+600_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(columns.Time) != 10 || columns.Latency[9] != 1009 || columns.Latency[4] != NoLatency ||
		columns.State[5] != Down || columns.State[6] != Up || columns.Code[3] != 503 {
		t.Errorf("%+v", columns)
	}
	figures, err := store.Uptime(id, noon, noon+600_000, noon+600_000)
	if err != nil {
		t.Fatal(err)
	}
	if figures.Uptime != 0.7 || figures.Incidents != 1 || figures.FailedChecks != 3 || figures.State != Up {
		t.Errorf("%+v", figures)
	}
	columns.Free()
}

func TestFailuresAreErrorsWithTheirCode(t *testing.T) {
	store, id := storeWithSite(t)
	if _, err := store.FindServer("nowhere"); err == nil || err.(*Error).Code != "not_found" {
		t.Error(err)
	}
	if found, err := store.FindServer("site"); err != nil || found != id {
		t.Error(found, err)
	}
	if _, err := store.AddServer(Server{Name: "site"}); err == nil || err.(*Error).Code != "already_exists" {
		t.Error(err)
	}
	if _, err := OpenReadOnly(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a store that is not there was opened")
	}
	if empty, err := store.Read(id, 0, 1); err != nil || len(empty.Time) != 0 {
		t.Error(empty, err)
	}
	if Down.String() != "down" || Version() != "0.1.0" {
		t.Error(Down, Version())
	}
}

func TestAJobThatReportsIsToldOfAndStored(t *testing.T) {
	store, id := storeWithSite(t)
	told := make(chan Change, 10)
	prober, err := NewProber(store, func(change Change) {
		told <- change
		panic("what a callback panics ends there")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := prober.Watch(99, "push:"); err == nil {
		t.Error("a server that is not there is watched")
	}
	for _, step := range []func() error{
		func() error { return prober.Watch(id, "push:") },
		prober.Start,
		func() error { return prober.Report("site", "") },
		prober.Stop,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	prober.Free()
	if change := <-told; change.Server != id || change.Name != "site" || change.To != Up {
		t.Errorf("told of %v", change)
	}
	columns, err := store.Read(id, 0, 1<<62)
	if err != nil {
		t.Fatal(err)
	}
	defer columns.Free()
	if len(columns.State) == 0 || columns.State[len(columns.State)-1] != Up {
		t.Errorf("stored are %v", columns.State)
	}
}
