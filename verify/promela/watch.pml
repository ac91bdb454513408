/*
 * The design of core/watch: a watcher lists itself, looks at the version once
 * more and sleeps; a writer publishes the version and then looks whether
 * anybody is listed.
 *
 * Idea.  Writers publish one at a time (the mailbox's lock), each PUBLICATIONS
 * versions; each watcher follows the version up to the last one, or gives up
 * at a deadline that may pass at any moment, or is cancelled.  Loads and
 * stores of version, count, waiting and cancelled are steps of their own, in
 * sequentially consistent order, as the C code has them.
 *
 * Parameters (-D): WATCHERS, WRITERS, PUBLICATIONS; TIMED, SPURIOUS, CANCEL,
 * UNASSERTED as in rwlock.pml.
 * Planted errors (-D): LOOK_FIRST, COUNT_FIRST, GHOST, DROP_WAKE, MARK_LATE.
 */

#define LAST (WRITERS * PUBLICATIONS)

#define DONE 0
#define TIMEDOUT 1
#define CANCELED 2

#define NOBODY 255

#ifdef UNASSERTED
#define ASSERT(condition) skip
#else
#define ASSERT(condition) assert(condition)
#endif

byte guard = NOBODY;        /* who holds it */
bool publishing;            /* the mailbox's lock, held for writing */
byte version;               /* by the publisher */
byte count;                 /* how many are listed; written under guard */
bool listed[WATCHERS];      /* under guard */
byte watched[WATCHERS];     /* wake above this; under guard */
bool asleep[WATCHERS];
bool timed[WATCHERS];
bool waiting[WATCHERS];
bool cancelled[WATCHERS];
bool cancel_over[WATCHERS]; /* ghost */

hidden byte i;
hidden byte said;

#define LOCK(me) atomic { guard == NOBODY -> guard = me }
#define UNLOCK(me) guard = NOBODY
#define RELEASE_AND_SLEEP(me) atomic { asleep[me] = true; guard = NOBODY }
#define RETAKE(me) atomic { guard == NOBODY -> guard = me }

/* L4, and nobody sleeps who was told. */
inline check() {
	d_step {
		said = 0;
		i = 0;
		do
		:: i < WATCHERS ->
			said = said + (listed[i] -> 1 : 0);
			ASSERT(!(asleep[i] && !listed[i]));
			i++
		:: else -> break
		od;
		i = 0;
		ASSERT(said == count);
		said = 0
	}
}

/* L3: with no publication under way, no listed watcher's version is passed. */
inline check_told() {
	i = 0;
	do
	:: i < WATCHERS ->
		ASSERT(!(asleep[i] && listed[i] && watched[i] < version));
		i++
	:: else -> break
	od;
	i = 0
}

inline delist(s) {
	listed[s] = false;
	watched[s] = 0;
	count--
}

inline sleep_ends(me) {
	if
	:: !asleep[me]
	:: timed[me] -> atomic { asleep[me] = false; error = TIMEDOUT }
#ifdef SPURIOUS
	:: asleep[me] -> asleep[me] = false
#endif
	fi
}

inline await_notice(me) {
#ifdef MARK_LATE
	seen = cancelled[me];
	waiting[me] = true;
#else
	waiting[me] = true;
	seen = cancelled[me];
#endif
	do
	:: listed[me] && error == DONE && seen -> error = CANCELED
	:: listed[me] && error == DONE && !seen ->
		check();
		ASSERT(!cancel_over[me]);
		RELEASE_AND_SLEEP(me);
		sleep_ends(me);
		RETAKE(me);
		seen = cancelled[me]
	:: else -> break
	od;
	seen = false;
	waiting[me] = false;
	if
	:: !listed[me] -> error = DONE
	:: else ->
#ifdef GHOST
		listed[me] = false
#else
		d_step { delist(me) }
#endif
	fi
}

inline enlist(me) {
	d_step {
		listed[me] = true;
		watched[me] = above;
		count++
	}
}

inline watch(me) {
	now = version;
	if
	:: now > above -> skip
	:: else ->
		LOCK(me);
		check();
#ifdef LOOK_FIRST
		now = version;
		enlist(me);
#else
		enlist(me);
		now = version;
#endif
		if
		:: now > above -> d_step { delist(me) }
		:: else -> await_notice(me)
		fi;
		check();
		UNLOCK(me)
	fi;
	now = 0
}

proctype watcher(byte me) {
	byte above = 0;
	byte now = 0;
	byte error = DONE;
	bool seen = false;
	do
	:: above == LAST -> break
	:: above < LAST ->
#ifdef TIMED
		if
		:: timed[me] = true
		:: timed[me] = false
		fi;
#endif
		watch(me);
		timed[me] = false;
		ASSERT(!listed[me]);  /* L4 */
		if
		:: error == DONE ->
			ASSERT(version > above);
			above = version
		:: else -> break
		fi
	od
}

inline notify(me, told) {
	LOCK(me);
	check();
	d_step {
		i = 0;
		do
		:: i < WATCHERS ->
			if
			:: listed[i] && watched[i] < told ->
				delist(i);
#ifndef DROP_WAKE
				asleep[i] = false
#endif
			:: else -> skip
			fi;
			i++
		:: else -> break
		od;
		i = 0
	};
	check();
	UNLOCK(me)
}

proctype writer(byte me) {
	byte done = 0;
	byte listeners = 0;
	do
	:: done == PUBLICATIONS -> break
	:: done < PUBLICATIONS ->
		done++;
		atomic { !publishing -> publishing = true };
#ifdef COUNT_FIRST
		listeners = count;
		version++;
#else
		version++;
		listeners = count;
#endif
		if
		:: listeners > 0 -> notify(me, version)
		:: else -> skip
		fi;
		listeners = 0;
		d_step {
			check_told();
			publishing = false
		}
	od
}

#ifdef CANCEL
proctype canceller(byte me) {
	byte victim;
	bool reach;
	select(victim : 0 .. WATCHERS - 1);
	cancelled[victim] = true;
	reach = waiting[victim];
	if
	:: reach ->
		LOCK(me);
		if
		:: listed[victim] -> asleep[victim] = false
		:: else -> skip
		fi;
		UNLOCK(me)
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
		:: t < WATCHERS -> run watcher(t); t++
		:: else -> break
		od;
		t = 0;
		do
		:: t < WRITERS -> run writer(WATCHERS + t); t++
		:: else -> break
		od;
		t = 0;
#ifdef CANCEL
		run canceller(WATCHERS + WRITERS);
#endif
	};
	_nr_pr == 1;
	ASSERT(count == 0)
}

/*
 * Who is listed for a version that has passed is told some day.  Without
 * SPURIOUS the guard is taken finitely often, so that weak fairness suffices.
 */
ltl always_told {
	[] ((listed[0] && watched[0] < version) -> <> !listed[0])
}
