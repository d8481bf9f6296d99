// Goroutines allocate C's large blocks, hand them to each other, resize and free them, beside the collector's own memory.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"sync"
	"unsafe"
)

//extern malloc
func cMalloc(bytes uintptr) unsafe.Pointer

//extern calloc
func cCalloc(n, bytes uintptr) unsafe.Pointer

//extern realloc
func cRealloc(at unsafe.Pointer, bytes uintptr) unsafe.Pointer

//extern free
func cFree(at unsafe.Pointer)

const mib = 1 << 20

type block struct {
	at    unsafe.Pointer
	bytes int
	seed  int
}

func (b block) data() []byte { return (*[1 << 30]byte)(b.at)[:b.bytes:b.bytes] }

func (b block) fill(from int) {
	data := b.data()
	for i := from; i < len(data); i++ {
		data[i] = byte((i*7 + b.seed) >> 3)
	}
}

func (b block) check(bytes int) {
	for i, byteAt := range b.data()[:bytes] {
		if byteAt != byte((i*7+b.seed)>>3) {
			fmt.Println("wrong at", i, "of", bytes)
			os.Exit(1)
		}
	}
}

func made(worker, round int) block {
	b := block{bytes: (1+(worker+round)%6)*mib + worker*8, seed: worker*100 + round}
	if round%2 == 0 {
		b.at = cMalloc(uintptr(b.bytes))
	} else {
		b.at = cCalloc(1, uintptr(b.bytes))
		for i, byteAt := range b.data() {
			if byteAt != 0 {
				fmt.Println("calloc left", byteAt, "at", i)
				os.Exit(1)
			}
		}
	}
	b.fill(0)
	return b
}

// work hands each block to the next worker, which resizes, checks, sums and frees it.
func work(worker int, in, out chan block, result []string) {
	for round := range result {
		out <- made(worker, round)
		b := <-in
		before := b.bytes
		b.check(before)
		b.bytes = before/2*(1+round%4) + 1
		b.at = cRealloc(b.at, uintptr(b.bytes))
		if b.bytes < before {
			before = b.bytes
		}
		b.check(before)
		b.fill(before)
		own := make([]byte, b.bytes) // the collector's
		copy(own, b.data())
		cFree(b.at)
		result[round] = fmt.Sprintf("%x", sha256.Sum256(own))[:16]
	}
}

func main() {
	const workers, rounds = 6, 6
	var all sync.WaitGroup
	var channels [workers]chan block
	var results [workers][rounds]string
	for i := range channels {
		channels[i] = make(chan block, 2)
	}
	for i := range channels {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			work(i, channels[i], channels[(i+1)%workers], results[i][:])
		}(i)
	}
	all.Wait()
	for i := range results {
		fmt.Println("worker", i, results[i])
	}
}
