// SPDX-License-Identifier: MIT

package main

import (
	"runtime"
	"sync"
)

// spawnJoin starts a goroutine that does nothing and waits for it, one at a time.
func spawnJoin(n int) {
	perOp("spawn_join", n, func(n int) {
		var wg sync.WaitGroup
		for i := 0; i < n; i++ {
			wg.Add(1)
			go func(wg *sync.WaitGroup) { wg.Done() }(&wg)
			wg.Wait()
		}
	})
}

// yield has two goroutines that do nothing but yield; an operation is one yield of either.
func yield(n int) {
	perOp("yield", n, func(n int) {
		var wg sync.WaitGroup
		for g := 0; g < 2; g++ {
			wg.Add(1)
			go func(n int) {
				for i := 0; i < n; i++ {
					runtime.Gosched()
				}
				wg.Done()
			}(n / 2)
		}
		wg.Wait()
	})
}

// chanRoundTrip sends a number over one unbuffered channel and gets it back over another.
func chanRoundTrip(n int) {
	perOp("chan_round_trip", n, func(n int) {
		ping, pong := make(chan int), make(chan int)
		go func() {
			for v := range ping {
				pong <- v
			}
		}()
		for i := 0; i < n; i++ {
			ping <- i
			<-pong
		}
		close(ping)
	})
}

// chanPool is one producer, five workers and one consumer over two channels of 100.
func chanPool(n int) {
	perOp("chan_pool", n, func(n int) {
		jobs, results := make(chan int, 100), make(chan int, 100)
		for w := 0; w < 5; w++ {
			go func() {
				for job := range jobs {
					results <- job * 2
				}
			}()
		}
		go func() {
			for i := 0; i < n; i++ {
				jobs <- i
			}
			close(jobs)
		}()
		sum := 0
		for i := 0; i < n; i++ {
			sum += <-results
		}
		if sum != n*(n-1) {
			panic("chan_pool: wrong sum")
		}
	})
}

// mutex has a hundred goroutines that take one lock in turn, with next to nothing under it.
func mutex(n int) {
	perOp("mutex", n, func(n int) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		count := 0
		for g := 0; g < 100; g++ {
			wg.Add(1)
			go func(n int) {
				for i := 0; i < n; i++ {
					mu.Lock()
					count++
					mu.Unlock()
				}
				wg.Done()
			}(n / 100)
		}
		wg.Wait()
		if count != n/100*100 {
			panic("mutex: wrong count")
		}
	})
}

// selectFour receives from four channels of 100, each filled by a goroutine of its own.
func selectFour(n int) {
	perOp("select", n, func(n int) {
		var c [4]chan int
		for k := range c {
			c[k] = make(chan int, 100)
			go func(c chan int, n int) {
				for i := 0; i < n; i++ {
					c <- i
				}
			}(c[k], n/4)
		}
		sum := 0
		for i := 0; i < n/4*4; i++ {
			select {
			case v := <-c[0]:
				sum += v
			case v := <-c[1]:
				sum += v
			case v := <-c[2]:
				sum += v
			case v := <-c[3]:
				sum += v
			}
		}
		if sum != (n/4)*(n/4-1)*2 {
			panic("select: wrong sum")
		}
	})
}
