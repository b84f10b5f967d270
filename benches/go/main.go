// Command main runs the life of a group on oklog/run. For each line "ACTORS ROUNDS" that it reads, it runs that many
// rounds and prints their wall-clock time and the CPU time of all threads, in nanoseconds.
//
// In each round, every actor but the last waits for its interrupt, and the last one returns. Go starts the last
// goroutine before all others, so the last actor yields first. Some of the others may still start after the interrupt.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/oklog/run"
)

var errFirst = errors.New("first")

func life(actors int) error {
	var g run.Group
	for i := 0; i < actors; i++ {
		last := i == actors-1
		told := make(chan struct{})
		g.Add(func() error {
			if last {
				runtime.Gosched()
				return errFirst
			}
			<-told
			return nil
		}, func(error) {
			close(told)
		})
	}
	return g.Run()
}

// worked returns the CPU time of all threads so far.
func worked() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fmt.Fprintln(os.Stderr, "getrusage:", err)
		os.Exit(1)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var actors, rounds int
		if _, err := fmt.Sscan(lines.Text(), &actors, &rounds); err != nil {
			fmt.Fprintf(os.Stderr, "%q is not ACTORS ROUNDS: %v\n", lines.Text(), err)
			os.Exit(1)
		}
		start, before := time.Now(), worked()
		for i := 0; i < rounds; i++ {
			if err := life(actors); err != errFirst {
				fmt.Fprintf(os.Stderr, "the group returned %v\n", err)
				os.Exit(1)
			}
		}
		fmt.Println(time.Since(start).Nanoseconds(), worked()-before)
	}
}
