/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a judge (props/judges/judge.h) says of the running case: it saves the guest as the
 * toolstack of this harness does, from what is published alone, and must read the same.
 * Nothing happens if the program has no judge, or the case does not ask for it.
 */
#ifndef PROPS_CHECK_JUDGEMENT_H
#define PROPS_CHECK_JUDGEMENT_H

#include "props/judges/judge.h"
#include "run.h"

/* TOOLSTACK_SEES_ALL: the judge saves the guest without an error, and reads what the model holds.
 */
void judgement_check(void);

/*
 * A guest is saved: the harness's own toolstack and the judge check it. With run.toolstacks what
 * each of them finds wrong goes there, and ends the case.
 */
void judgement_of_both(void);

/*
 * True if the judge itself restores the guest that it has saved: it then writes what the harness's
 * own toolstack would write with the boot option restore=xen.
 */
bool judgement_restores(void);

/* After host_resume: the restore. */
void judgement_restore(void);

#endif
