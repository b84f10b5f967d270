// Command main runs graphs of actors on oklog/run and prints what happens, one graph a line.
//
// A graph has the condition on which each actor returns, and the actors that this program makes return. The first of
// these is the cause, whatever Go's scheduler does, because no other can return before the group interrupts an actor.
// The actors that return after it are always the same, because no event makes a condition false again. Only their order
// is open, so they are printed as a set. To be sure, each graph runs many times.
package main

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"sync"

	"github.com/oklog/run"
)

const (
	seed         = 1
	randomGraphs = 300
	mostActors   = 8
	runsPerGraph = 20
)

// An event is the interruption of an actor or, if interrupted is false, its return.
type event struct {
	interrupted bool
	actor       int
}

// A condition holds when all events of one of its alternatives have happened. Without alternatives it never holds.
type condition [][]event

type actor struct {
	fails   bool
	returns condition
}

// A graph is a list of actors, and the order in which they are made to return. The first returns at the start, and each
// other when nothing more happens by itself, unless it has returned by then.
type graph struct {
	actors []actor
	order  []int
}

func interrupt(i int) event { return event{interrupted: true, actor: i} }

func returned(i int) event { return event{actor: i} }

func all(events ...event) condition { return condition{events} }

func either(one, other event) condition { return condition{{one}, {other}} }

func never() condition { return nil }

func (e event) String() string {
	if e.interrupted {
		return fmt.Sprintf("!%d", e.actor)
	}
	return fmt.Sprint(e.actor)
}

func (c condition) String() string {
	if len(c) == 0 {
		return "-"
	}
	var alternatives []string
	for _, events := range c {
		var words []string
		for _, e := range events {
			words = append(words, e.String())
		}
		alternatives = append(alternatives, strings.Join(words, "&"))
	}
	return strings.Join(alternatives, "|")
}

func (a actor) String() string {
	result := "nil"
	if a.fails {
		result = "err"
	}
	return result + ":" + a.returns.String()
}

// An execution is one run of a graph. mu guards everything but the graph, and changed is signaled on every change.
type execution struct {
	graph
	results []error

	mu          sync.Mutex
	changed     *sync.Cond
	started     int
	forced      []bool
	interrupted []bool
	returned    []bool
	ended       bool
	result      error
	trace       []string
}

// perform runs a graph and returns the actors that it made return, and the trace. The cause returns at once if atOnce,
// and otherwise when all actors have started.
func perform(g graph, atOnce bool) (forced, trace string) {
	n := len(g.actors)
	x := &execution{
		graph:       g,
		results:     make([]error, n),
		forced:      make([]bool, n),
		interrupted: make([]bool, n),
		returned:    make([]bool, n),
	}
	x.changed = sync.NewCond(&x.mu)

	var group run.Group
	for i, a := range g.actors {
		i := i
		if a.fails {
			x.results[i] = errors.New("failed")
		}
		group.Add(func() error { return x.execute(i) }, func(err error) { x.interrupt(i, err) })
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if atOnce && n > 0 {
		x.forced[g.order[0]] = true
	}
	go func() {
		err := group.Run()
		x.change(func() {
			if !every(x.returned) {
				panic("the group has ended before its actors")
			}
			x.result, x.ended = err, true
		})
	}()
	for !atOnce && x.started < n {
		x.changed.Wait()
	}

	var made []string
	for _, i := range g.order {
		if x.returned[i] {
			continue
		}
		made = append(made, fmt.Sprint(i))
		x.trace = append(x.trace, fmt.Sprint(i))
		before := append([]bool(nil), x.returned...)
		x.forced[i] = true
		x.changed.Broadcast()
		for !x.settled() {
			x.changed.Wait()
		}
		var others []string
		for j := range x.returned {
			if x.returned[j] && !before[j] && j != i {
				others = append(others, fmt.Sprint(j))
			}
		}
		x.trace = append(x.trace, "{"+strings.Join(others, " ")+"}")
	}
	for !x.ended {
		x.changed.Wait()
	}
	x.trace = append(x.trace, "= "+x.name(x.result))
	return strings.Join(made, " "), strings.Join(x.trace, " ")
}

func (x *execution) execute(i int) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.started++
	x.changed.Broadcast()
	for !x.due(i) {
		x.changed.Wait()
	}
	// The return of the cause becomes an event only in the first interrupt. Otherwise another actor could return before
	// it.
	if i != x.order[0] {
		x.returned[i] = true
		x.changed.Broadcast()
	}
	return x.results[i]
}

func (x *execution) interrupt(i int, cause error) {
	x.change(func() {
		x.returned[x.order[0]] = true
		x.interrupted[i] = true
		x.trace = append(x.trace, fmt.Sprintf("!%d=%s", i, x.name(cause)))
	})
}

func (x *execution) change(change func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change()
	x.changed.Broadcast()
}

// due returns whether an actor may return.
func (x *execution) due(i int) bool {
	if x.forced[i] {
		return true
	}
	for _, events := range x.actors[i].returns {
		happened := true
		for _, e := range events {
			if e.interrupted {
				happened = happened && x.interrupted[e.actor]
			} else {
				happened = happened && x.returned[e.actor]
			}
		}
		if happened {
			return true
		}
	}
	return false
}

// settled returns whether nothing more happens by itself, except the end of the group.
func (x *execution) settled() bool {
	for i := range x.actors {
		if x.due(i) && !x.returned[i] {
			return false
		}
	}
	return every(x.interrupted)
}

// name names a result: errors are distinguished by identity, not by their text.
func (x *execution) name(result error) string {
	if result == nil {
		return "nil"
	}
	for i, err := range x.results {
		if err == result {
			return fmt.Sprintf("e%d", i)
		}
	}
	return "?"
}

func every(facts []bool) bool {
	for _, fact := range facts {
		if !fact {
			return false
		}
	}
	return true
}

// record prints the line of a graph.
func record(g graph) {
	first := ""
	for i := 0; i < runsPerGraph; i++ {
		forced, trace := perform(g, i%2 == 0)
		line := strings.TrimSpace(fmt.Sprintf("%s ; %s", words(g.actors), forced)) + " -> " + trace
		if i == 0 {
			first = line
		} else if line != first {
			fmt.Fprintf(os.Stderr, "two runs differ:\n%s\n%s\n", first, line)
			os.Exit(1)
		}
	}
	fmt.Println(first)
}

func words(actors []actor) string {
	var words []string
	for _, a := range actors {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

// recordSmall records every graph of up to two actors.
func recordSmall() {
	fmt.Println("\n# All of up to two actors")
	record(graph{})
	for _, fails := range []bool{false, true} {
		record(graph{[]actor{{fails, never()}}, []int{0}})
	}
	for cause := 0; cause < 2; cause++ {
		other := 1 - cause
		for _, returns := range []condition{
			never(),
			all(interrupt(other)),
			all(interrupt(cause)),
			all(returned(cause)),
			all(interrupt(other), interrupt(cause)),
			all(interrupt(other), returned(cause)),
			either(interrupt(other), interrupt(cause)),
			either(interrupt(other), returned(cause)),
		} {
			for results := 0; results < 4; results++ {
				actors := make([]actor, 2)
				actors[cause] = actor{results&1 != 0, never()}
				actors[other] = actor{results&2 != 0, returns}
				record(graph{actors, []int{cause, other}})
			}
		}
	}
}

// recordShapes records typical graphs of programs, each with the cause first, in the middle and last.
func recordShapes() {
	const n = 6
	next := func(i int) int { return (i + 1) % n }
	for _, shape := range []struct {
		name    string
		returns func(cause, i int) condition
	}{
		{"All obey", func(_, i int) condition { return all(interrupt(i)) }},
		{"All ignore the interrupt", func(_, i int) condition { return never() }},
		{"Each obeys the interrupt of the next", func(_, i int) condition { return all(interrupt(next(i))) }},
		{"All follow the cause", func(cause, _ int) condition { return all(returned(cause)) }},
		{"Each follows the next: a chain that ends at the cause", func(_, i int) condition { return all(returned(next(i))) }},
		{"Each obeys, after the next has returned", func(_, i int) condition { return all(interrupt(i), returned(next(i))) }},
		{"Each obeys or follows the next", func(_, i int) condition { return either(interrupt(i), returned(next(i))) }},
		{"Each waits for the next two, so that none returns by itself", func(_, i int) condition {
			return all(returned(next(i)), returned(next(next(i))))
		}},
		{"Two wait for each other, the rest obey", func(cause, i int) condition {
			switch one, other := next(cause), next(next(cause)); i {
			case one:
				return all(interrupt(i), returned(other))
			case other:
				return all(interrupt(i), returned(one))
			}
			return all(interrupt(i))
		}},
		{"One drains: it obeys when all others have returned", func(cause, i int) condition {
			if i != next(cause) {
				return all(interrupt(i))
			}
			events := []event{interrupt(i)}
			for j := 0; j < n; j++ {
				if j != i {
					events = append(events, returned(j))
				}
			}
			return all(events...)
		}},
	} {
		fmt.Printf("\n# %s\n", shape.name)
		for _, cause := range []int{0, n / 2, n - 1} {
			for results := 0; results < 3; results++ {
				g := graph{order: []int{cause}}
				for i := 0; i < n; i++ {
					// Only the cause fails, only the others fail, or all fail.
					fails := results == 2 || (i == cause) == (results == 0)
					g.actors = append(g.actors, actor{fails, shape.returns(cause, i)})
					if i != cause {
						g.order = append(g.order, i)
					}
				}
				record(g)
			}
		}
	}
}

// recordRandom records different random graphs of three actors and more.
func recordRandom() {
	fmt.Printf("\n# %d at random, with the seed %d\n", randomGraphs, seed)
	random := rand.New(rand.NewSource(seed))
	known := make(map[string]bool)
	for len(known) < randomGraphs {
		g := randomGraph(random, 3+random.Intn(mostActors-2))
		if key := fmt.Sprint(g); !known[key] {
			known[key] = true
			record(g)
		}
	}
}

func randomGraph(random *rand.Rand, n int) graph {
	g := graph{order: random.Perm(n)}
	for i := 0; i < n; i++ {
		g.actors = append(g.actors, actor{random.Intn(2) == 0, randomCondition(random, n, i)})
	}
	return g
}

func randomCondition(random *rand.Rand, n, i int) condition {
	others := random.Perm(n)
	for at, j := range others {
		if j == i {
			others = append(others[:at], others[at+1:]...)
			break
		}
	}
	one, other := others[0], others[1]
	switch random.Intn(12) {
	case 0:
		return never()
	case 1:
		return all(returned(one))
	case 2:
		return all(interrupt(one))
	case 3:
		return all(returned(one), returned(other))
	case 4:
		return either(returned(one), returned(other))
	case 5, 6:
		return all(interrupt(i), returned(one))
	case 7:
		return all(interrupt(i), returned(one), returned(other))
	case 8:
		return either(interrupt(i), returned(one))
	case 9:
		return condition{{interrupt(one), returned(other)}, {interrupt(i), interrupt(other), returned(one)}}
	default:
		return all(interrupt(i))
	}
}

const header = `#
# A line is a graph of actors and its trace:
#
#     nil:- err:!1&0 nil:!2|1 err:- ; 0 3 -> 0 !0=nil !1=nil !2=nil !3=nil {1 2} 3 {} = nil
#
# Left of the arrow are the actors, in the order of adding, from 0. Each has its output, nil or an error, and the
# condition on which it returns: when actor 1 is interrupted (!1) and actor 0 has returned (0); when 2 is interrupted or
# 1 has returned; never by itself (-). After the semicolon are the actors that are made to return: the first at the
# start, each other when nothing more happens by itself.
#
# Right of the arrow is the trace. For each actor that was made to return, it has the number of the actor, then the
# interrupts in the order of their calls with their arguments (e0 is the very error that actor 0 returned), and in
# braces the other actors that returned, in no order. Last is the result of Run, after all actors have returned.
`

func main() {
	fmt.Print(header)
	recordSmall()
	recordShapes()
	recordRandom()
}
