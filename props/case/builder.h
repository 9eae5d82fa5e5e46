/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the domain builder hands over: the list of a boot, in which ops of the case replace single
 * entries (list), and where MFNs begin (mfn_base). Host and oracle both read it here; neither asks
 * the other.
 */
#ifndef PROPS_CASE_BUILDER_H
#define PROPS_CASE_BUILDER_H

#include "entry.h"

UNINSTRUMENTED_BEGIN

struct builder {
    struct boot boot;
    p2m_word
        base[MFN_BASES]; /* the first MFN of the list's frames, of pages, of the list's leaves */
    unsigned named;      /* length of `name` */
    struct {
        p2m_word pfn, entry;
    } name[CASE_OPS];
};

/* The list of this boot, no entry replaced, and the usual MFNs. */
void builder_start(struct builder *builder, const struct boot *boot);

/* True if a builder can do what the op says: the entry is a frame or a hole, within the list; the
   base is in the domain of values. */
bool builder_can(const struct builder *builder, const struct op *op);

/* list: replaces an entry; mfn_base: another base. */
void builder_take(struct builder *builder, const struct op *op);

/* The entries [first, first + count) of the list; all are below nr_pages. */
void builder_fill(const struct builder *builder, p2m_word first, p2m_word count, p2m_word *window);

/* The entry of one PFN below nr_pages. */
p2m_word builder_entry(const struct builder *builder, p2m_word pfn);

UNINSTRUMENTED_END

#endif
