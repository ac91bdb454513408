/*
 * Idea: mutexes of every kind: normal, recursive, error-checking, robust.
 *
 * The state that decides readiness is 0 when the mutex can be had at once
 * and the owner's number plus one otherwise.
 *
 * Invariants
 *   1. owner >= 0 exactly while count >= 1.
 *   2. A robust mutex whose owner died is free and inconsistent.
 * Who may call: the code under test; condition variables; death.
 */
#ifndef HEDDLE_MUTEX_H
#define HEDDLE_MUTEX_H

#include <pthread.h>

#include "object.h"

struct hd_object *hd_mutex_use(pthread_mutex_t *mutex, uint32_t pc);
/* Let go of a mutex that the running thread holds, whatever its count;
 * returns the count, to be given back to hd_mutex_retake(). */
int hd_mutex_drop(struct hd_object *mutex);
/* Block until the mutex is had again; 0 or EOWNERDEAD, ENOTRECOVERABLE. */
int hd_mutex_retake(struct hd_object *mutex, int count, uint32_t pc);
/* The owner is dead. */
void hd_mutex_abandon(struct hd_object *mutex);
int32_t hd_mutex_state(const struct hd_object *mutex);

#endif
