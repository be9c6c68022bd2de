// Opens a store, appends a result, asks. In the folder of go.mod: go run ./hello STORE
package main

import (
	"fmt"
	"log"
	"nines"
	"os"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	const noon = 1_767_268_800_000 // 2026-01-01 12:00 UTC
	store, err := nines.Open(os.Args[1])
	must(err)
	id, err := store.AddServer(nines.Server{Name: "site", URL: "https://example.org", CreatedAt: noon})
	must(err)
	latency := uint32(80_112)
	must(store.Append(nines.Result{Server: id, Time: noon, State: nines.Up, Latency: &latency, Code: 200}, nines.Process))
	hour, err := store.Read(id, noon, noon+3_600_000)
	must(err)
	figures, err := store.Uptime(id, noon, noon+60_000, noon+60_000)
	must(err)
	fmt.Printf("%d result, %d us, uptime %.4f\n", len(hour.Time), hour.Latency[0], figures.Uptime)
	hour.Free()
	must(store.Close())
}
