// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// tick wakes n times after a millisecond each and reports how much later than that it ran.
func tick(n int) {
	late := make([]time.Duration, n)
	for i := range late {
		due := time.Now().Add(time.Millisecond)
		time.Sleep(time.Millisecond)
		late[i] = time.Since(due)
	}
	slices.Sort(late)
	report("delay_median", float64(late[n/2])/1e6, "ms")
	report("delay_worst", float64(late[n-1])/1e6, "ms")
}

// delay ticks while for each processor one goroutine computes and one blocks in read(2).
func delay(n int) {
	var stop atomic.Bool
	var wg sync.WaitGroup
	var writers []int
	for p := 0; p < runtime.GOMAXPROCS(0); p++ {
		var ends [2]int
		must(syscall.Pipe(ends[:]))
		writers = append(writers, ends[1])
		wg.Add(2)
		go func() {
			// Not os.File, which would park the goroutine.
			syscall.Read(ends[0], make([]byte, 1))
			syscall.Close(ends[0])
			wg.Done()
		}()
		go func() {
			for !stop.Load() {
			}
			wg.Done()
		}()
	}
	tick(n)
	stop.Store(true)
	for _, fd := range writers {
		syscall.Close(fd)
	}
	wg.Wait()
}

// cpuTime is the CPU time of this process so far, user and system, in microseconds.
func cpuTime() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e3
}

// idle sleeps for n milliseconds while a hundred goroutines wait, and reports the CPU time that
// took for each second.
func idle(n int) {
	release := make(chan struct{})
	var wg sync.WaitGroup
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func() {
			<-release
			wg.Done()
		}()
	}
	time.Sleep(100 * time.Millisecond)
	before := cpuTime()
	time.Sleep(time.Duration(n) * time.Millisecond)
	report("idle_cpu", (cpuTime()-before)*1000/float64(n), "us")
	close(release)
	wg.Wait()
}
