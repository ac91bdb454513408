/*
 * The design of core/rwlock: one queue of tickets, admission by whoever holds
 * the guard, a parking place for each seat.
 *
 * Idea.  Each thread acquires for reading or for writing, with a deadline or
 * without, as the search chooses; a canceller cancels one seat at any moment.
 * A deadline may pass at any moment of a sleep, also after the wake-up and
 * before the guard is had again; a sleep may end for no reason.  A wake-up
 * that comes when nobody sleeps is lost.  Lists are an array, counts are
 * numbers; what a ticket means is kept as a ghost: the set of seats that were
 * queued when a seat arrived, and still are.
 *
 * Parameters (-D).
 *   N          threads, 2 to 4
 *   OPS        acquisitions of each thread; 0: for ever
 *   TIMED      acquisitions may have a deadline
 *   SPURIOUS   sleeps may end for no reason
 *   CANCEL     a canceller runs
 *   COARSE     all that is done under the guard is one step.  Fairness among
 *              steps is then fairness of the guard: whoever wants it, gets it
 *   UNASSERTED leave the assertions out, so that a formula is judged alone
 * Planted errors (-D): SLIP, DEPART_SILENTLY, ADMIT_ONE, DROP_WAKE,
 * WAKE_ANOTHER, WAKE_FIRST, KEEP_TIMEOUT, GHOST, MARK_LATE.
 */

#define IDLE 0
#define QUEUED_READ 1
#define QUEUED_WRITE 2
#define READING 3
#define WRITING 4

#define DONE 0
#define TIMEDOUT 1
#define CANCELED 2

#define NOBODY 255

#ifdef UNASSERTED
#define ASSERT(condition) skip
#else
#define ASSERT(condition) assert(condition)
#endif

byte guard = NOBODY;  /* who holds it */
byte state[N];        /* under guard */
byte queue[N];        /* in order of arrival; under guard */
byte queued;          /* under guard */
byte holders;         /* under guard */
byte writers;         /* under guard */
bool asleep[N];       /* on the seat's own condition variable */
bool timed[N];        /* the present acquisition has a deadline */
bool waiting[N];      /* says that it may be asleep; by the owner */
bool cancelled[N];    /* by the canceller */
bool cancel_over[N];  /* ghost: the canceller has done all that it does */
byte ahead[N];        /* ghost: who queued before and is queued still */
byte inside_read;     /* ghost: threads that use the lock */
byte inside_write;

hidden byte i;
hidden byte head;
hidden byte count_queued;
hidden byte count_holding;

#define is_queued(s) (state[s] == QUEUED_READ || state[s] == QUEUED_WRITE)
#define is_holding(s) (state[s] == READING || state[s] == WRITING)
#define is_admissible(s) \
	((state[s] == QUEUED_WRITE && holders == 0) || \
	 (state[s] == QUEUED_READ && writers == 0))

/* L1 to L4, as rwlock_check has them; and nobody sleeps on who was admitted. */
inline check() {
	d_step {
		count_queued = 0;
		count_holding = 0;
		i = 0;
		do
		:: i < N ->
			count_queued = count_queued + (is_queued(i) -> 1 : 0);
			count_holding = count_holding + (is_holding(i) -> 1 : 0);
			ASSERT(!(asleep[i] && is_holding(i)));  /* L3 */
			ASSERT(!(asleep[i] && state[i] == IDLE));
			i++
		:: else -> break
		od;
		i = 0;
		head = 0;
		ASSERT(count_queued == queued);            /* L4 */
		ASSERT(count_holding == holders);
		ASSERT(writers == 0 || (writers == 1 && holders == 1));  /* L1 */
		ASSERT(queued == 0 || !is_admissible(queue[0]));         /* L3 */
		count_queued = 0;
		count_holding = 0
	}
}

inline wake(s) {
#if defined(DROP_WAKE)
	skip
#elif defined(WAKE_ANOTHER)
	asleep[(s + 1) % N] = false
#elif defined(WAKE_FIRST)
	/* One condition variable for all: signal wakes the first sleeper. */
	i = 0;
	do
	:: i < N && !asleep[i] -> i++
	:: else -> break
	od;
	if
	:: i < N -> asleep[i] = false
	:: else -> skip
	fi;
	i = 0
#else
	asleep[s] = false
#endif
}

/* Take a seat out of the queue, and out of what others have before them. */
inline dequeue(s) {
	i = 0;
	do
	:: i < queued && queue[i] != s -> i++
	:: else -> break
	od;
	do
	:: i + 1 < queued -> queue[i] = queue[i + 1]; i++
	:: else -> break
	od;
	queued--;
	queue[queued] = 0;
	i = 0;
	do
	:: i < N -> ahead[i] = ahead[i] & (255 - (1 << s)); i++
	:: else -> break
	od;
	ahead[s] = 0;
	i = 0
}

inline hold(s) {
	ASSERT(ahead[s] == 0);  /* L2 */
	writers = writers + (state[s] == QUEUED_WRITE -> 1 : 0);
	holders++;
	state[s] = (state[s] == QUEUED_WRITE -> WRITING : READING)
}

inline admit(me) {
	do
	:: queued > 0 && is_admissible(queue[0]) ->
		head = queue[0];
		hold(head);
		dequeue(head);
		if
		:: head != me -> wake(head)
		:: else -> skip
		fi;
		head = 0;
#ifdef ADMIT_ONE
		break
#endif
	:: else -> break
	od
}

inline arrive(me, write) {
	d_step {
		state[me] = (write -> QUEUED_WRITE : QUEUED_READ);
		i = 0;
		do
		:: i < queued -> ahead[me] = ahead[me] | (1 << queue[i]); i++
		:: else -> break
		od;
		i = 0;
#ifdef SLIP
		if
		:: !write && writers == 0 -> hold(me); ahead[me] = 0
		:: else -> queue[queued] = me; queued++; admit(me)
		fi
#else
		queue[queued] = me;
		queued++;
		admit(me)
#endif
		;
		i = 0
	}
}

inline depart(me) {
	d_step {
#ifndef GHOST
		dequeue(me);
#endif
		state[me] = IDLE;
#ifndef DEPART_SILENTLY
		admit(me);
#endif
		i = 0
	}
}

inline release(me) {
	d_step {
		writers = writers - (state[me] == WRITING -> 1 : 0);
		holders--;
		state[me] = IDLE;
		admit(me);
		i = 0
	}
}

/*
 * The guard's owner alone sees what the guard protects.  So a stretch under it
 * that touches nothing else is one step, and the steps end where the owner
 * stores `waiting`, loads `cancelled` or lets go of the guard to sleep.
 */
#ifdef COARSE
#define STEP(me) skip
#else
#define STEP(me) guard = me } atomic { guard = NOBODY
#endif

inline leave(me) {
	check();
	if
	:: error == DONE ->
		ASSERT(is_holding(me));
		inside_write = inside_write + (state[me] == WRITING -> 1 : 0);
		inside_read = inside_read + (state[me] == READING -> 1 : 0);
		ASSERT(inside_write == 0 ||
			(inside_write == 1 && inside_read == 0))  /* L1 */
	:: else ->
		ASSERT(state[me] == IDLE)  /* L4 */
	fi;
	timed[me] = false
}

/* Admitted, out of time or cancelled: it does not sleep again. */
inline look_at_mark(me) {
	over = !is_queued(me) || error != DONE || cancelled[me]
}

inline give_up_or_go(me) {
	if
	:: is_queued(me) && error == DONE -> error = CANCELED
	:: else -> skip
	fi;
	over = false;
	waiting[me] = false;
	if
#ifdef KEEP_TIMEOUT
	:: error != DONE && !is_queued(me) -> skip
#else
	:: !is_queued(me) -> error = DONE
#endif
	:: is_queued(me) -> depart(me)
	:: else -> skip
	fi;
	leave(me)
}

/* Sleep, or go.  To set `asleep` is the end of an atomic step. */
inline sleep_or_go(me) {
	if
	:: over -> give_up_or_go(me); goto gone
	:: else ->
		check();
		ASSERT(!cancel_over[me]);
		asleep[me] = true;
		goto sleeping
	fi
}

proctype thread(byte me) {
	byte op = 0;
	byte error = DONE;
	bool over = false;
idle:
	atomic {
#if OPS == 0
		guard == NOBODY;
#else
		if
		:: op == OPS -> goto finished
		:: op < OPS && guard == NOBODY -> op++
		fi;
#endif
#ifdef TIMED
		if
		:: timed[me] = true
		:: timed[me] = false
		fi;
#endif
		check();
		if
		:: arrive(me, true)
		:: arrive(me, false)
		fi;
		if
		:: is_holding(me) -> leave(me); goto gone
		:: else -> skip
		fi;
#ifdef MARK_LATE
		/* The mark is looked at before the seat says where it sleeps. */
		look_at_mark(me);
		STEP(me);
		waiting[me] = true;
#else
		waiting[me] = true;
		STEP(me);
		look_at_mark(me);
#endif
		sleep_or_go(me)
	}
sleeping:
	if
	:: !asleep[me]
	:: timed[me] -> atomic { asleep[me] = false; error = TIMEDOUT }
#ifdef SPURIOUS
	:: asleep[me] -> asleep[me] = false
#endif
	fi;
	atomic { guard == NOBODY -> look_at_mark(me); sleep_or_go(me) }
gone:
	if
	:: error != DONE -> error = DONE; goto idle
	:: else -> skip
	fi;
	atomic {
		guard == NOBODY;
		inside_write = inside_write - (state[me] == WRITING -> 1 : 0);
		inside_read = inside_read - (state[me] == READING -> 1 : 0);
		check();
		release(me);
		check();
		goto idle
	}
finished:
	skip
}

#ifdef CANCEL
proctype canceller() {
	byte victim;
	bool reach;
	select(victim : 0 .. N - 1);
	cancelled[victim] = true;
	reach = waiting[victim];
	if
	:: reach ->
		atomic { guard == NOBODY ->
			if
			:: is_queued(victim) -> d_step { wake(victim) }
			:: else -> skip
			fi }
	:: else -> skip
	fi;
	d_step {
		cancel_over[victim] = true;
		ASSERT(!asleep[victim])
	}
}
#endif

init {
	atomic {
		byte t = 0;
		do
		:: t < N -> run thread(t); t++
		:: else -> break
		od;
		t = 0;
#ifdef CANCEL
		run canceller();
#endif
	};
#if OPS > 0
	_nr_pr == 1;
	ASSERT(queued == 0 && holders == 0 && writers == 0)
#endif
}

/* Who queues without a deadline, and is not cancelled, holds some day. */
#define waits_for_ever (is_queued(0) && !timed[0] && !cancelled[0])
#if OPS == 0
ltl no_starvation { [] (waits_for_ever -> <> (is_holding(0) || cancelled[0])) }
#endif
