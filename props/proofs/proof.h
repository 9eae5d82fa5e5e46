/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the proofs in this folder: values of any kind, and what must hold of them. They are read by
 * cbmc alone, which tries all values at once, and never become a program.
 */
#ifndef PROPS_PROOFS_PROOF_H
#define PROPS_PROOFS_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/geometry.h"

/* cbmc gives a function of such a name any result, each time another one. */
p2m_word nondet_word(void);
uint64_t nondet_uint64(void);
uint32_t nondet_uint32(void);
bool nondet_bool(void);

void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *sentence);
void __CPROVER_input(const char *name, ...);

/* Only values for which it holds are looked at. */
#define GIVEN(condition) __CPROVER_assume(condition)

/* It holds for all of them. */
#define PROVE(condition, sentence) __CPROVER_assert(condition, sentence)

/* A counterexample shows this variable. */
#define SHOW(variable) __CPROVER_input(#variable, variable)

#endif
