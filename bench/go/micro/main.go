// SPDX-License-Identifier: MIT

// Micro holds the Go twins of bench/bora/micro: the same work in the same shape, the same number of
// times, with the same lines of output. A change here belongs there too.
//
//	micro NAME [DIVISOR]
//
// runs one of them and prints a line for each result: "name value unit". The number of operations is
// fixed, so that two runs do the same work; DIVISOR makes it smaller for a quick look.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

var benchmarks = []struct {
	name string
	n    int
	run  func(n int)
}{
	{"spawn_join", 1_000_000, spawnJoin},
	{"yield", 4_000_000, yield},
	{"chan_round_trip", 1_000_000, chanRoundTrip},
	{"chan_pool", 4_000_000, chanPool},
	{"mutex", 10_000_000, mutex},
	{"select", 2_000_000, selectFour},
	{"parked", 1_000_000, parked},
	{"delay", 1_000, delay},
	{"idle", 5_000, idle},
	{"json_array", 1_000, jsonArray},
	{"json_one", 1_000_000, jsonOne},
}

func report(name string, value float64, unit string) {
	fmt.Printf("%s %.3f %s\n", name, value, unit)
}

// perOp runs work once for a tenth of n, to warm up, then for n, and reports nanoseconds for each.
func perOp(name string, n int, work func(n int)) {
	work(n/10 + 1)
	start := time.Now()
	work(n)
	report(name, float64(time.Since(start).Nanoseconds())/float64(n), "ns")
}

// throughput does the same for n documents of size bytes, and reports megabytes a second.
func throughput(name string, n, size int, work func(n int)) {
	work(n/10 + 1)
	start := time.Now()
	work(n)
	report(name, float64(n)*float64(size)/1e6/time.Since(start).Seconds(), "MB/s")
}

func main() {
	divisor := 1
	if len(os.Args) == 3 {
		divisor, _ = strconv.Atoi(os.Args[2])
	}
	if len(os.Args) >= 2 && divisor > 0 {
		for _, b := range benchmarks {
			if b.name == os.Args[1] {
				b.run(b.n/divisor + 1)
				return
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: micro NAME [DIVISOR], with one of the names")
	for _, b := range benchmarks {
		fmt.Fprintln(os.Stderr, "  "+b.name)
	}
	os.Exit(2)
}
