// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The peer for RapidCheck: a state machine whose commands are the calls. Generators prefer
 * PFNs next to edges and PFNs that were used before; a refused page is a part of a command;
 * the comparisons are peer.h's. Called as `rapidcheck SEED`: continues with other
 * seeds until something fails, shrinks that, prints it, and exits 1.
 */
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <rapidcheck.h>
#include <rapidcheck/state.h>
#include <vector>

#include "peer.h"

namespace
{

const uint64_t IDENTITY = uint64_t(1) << 62, FOREIGN = uint64_t(1) << 63;

/* The state for generators; the flat array is the system's own. */
struct Model {
    std::vector<uint64_t> used; // the last few PFNs, newest last
    bool resumed = true;        // nothing has happened since: again would be no news
};

struct System {
};

[[noreturn]] void fails(const char *what)
{
    RC_FAIL(what);
    std::abort();
}

void demand(const char *what)
{
    if (what)
        fails(what);
}

const char *const names[PEER_KINDS] = {"set", "__set", "range", "get", "resume", "e820"};

struct Call : rc::state::Command<Model, System> {
    peer_op op;

    explicit Call(const peer_op &op_) : op(op_)
    {
    }

    void checkPreconditions(const Model &model) const override
    {
        RC_PRE(op.kind != PEER_RESUME || !model.resumed);
    }

    void apply(Model &model) const override
    {
        model.resumed = op.kind == PEER_RESUME;
        if (model.resumed || op.kind == PEER_GET || op.kind == PEER_E820)
            return;
        if (model.used.size() == 8)
            model.used.erase(model.used.begin());
        model.used.push_back(op.pfn);
    }

    void run(const Model &, System &) const override
    {
        demand(peer_apply(&op));
        demand(peer_look());
    }

    void show(std::ostream &os) const override
    {
        os << names[op.kind] << std::hex;
        if (op.kind == PEER_E820) {
            os << (op.b ? " domu" : "");
            for (unsigned i = 0; i < op.count; i++)
                os << " [0x" << op.map[i].start << " 0x" << op.map[i].end << " " << op.map[i].type
                   << "]";
        } else if (op.kind != PEER_RESUME) {
            os << " 0x" << op.pfn;
            if (op.kind != PEER_GET)
                os << " 0x" << op.b;
        }
        if (op.refuse)
            os << " refuse=" << std::dec << op.refuse;
        os << std::dec;
    }
};

using Command = std::shared_ptr<const rc::state::Command<Model, System>>;

/*
 * A command is drawn as a few small numbers, and what they mean is looked up in the model:
 * so all generators are made once, and each number shrinks towards 0, the plainest meaning.
 * (A generator in a generator for each command costs RapidCheck five times the time.)
 */
struct Raw {
    int kind, place, other, how;
    uint64_t mfn;
    int refuse;
};

/* The whole range at any size: only the number of commands is to grow with it. */
template <typename T> rc::Gen<T> below(T end)
{
    return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(0, end));
}

const int EDGES = 8, DELTAS = 5, NEAR_EDGES = EDGES * DELTAS, USED = 8, NEAR_USED = USED * DELTAS;
const int PLACES = NEAR_EDGES + 2 * NEAR_USED + 16;

/* Next to an edge, next to a PFN that was used or its like a leaf or mid on, or anywhere. */
uint64_t pfn_of(const Model &model, int place, uint64_t number)
{
    const auto &s = peer_shape;
    const uint64_t edges[EDGES] = {0,          s.leaf,         s.span,         s.max,
                                   2 * s.span, s.max - s.leaf, s.max - s.span, s.span + s.leaf};
    const int64_t deltas[DELTAS] = {0, 1, -1, 2, -2};
    uint64_t at;

    if (place < NEAR_EDGES) {
        at = edges[place / DELTAS] + uint64_t(deltas[place % DELTAS]);
        return at > s.max + 2 ? 0 : at;
    }
    place -= NEAR_EDGES;
    if (place >= 2 * NEAR_USED || model.used.empty())
        return number * 0x9e3779b1 % s.max;
    at = model.used[size_t(place % NEAR_USED / DELTAS) % model.used.size()];
    if (place >= NEAR_USED)
        at += number % 2 ? s.leaf : s.span;
    at += uint64_t(deltas[place % DELTAS]);
    return at > s.max + 2 ? 0 : at;
}

uint64_t entry_of(int kind, uint64_t at, uint64_t mfn)
{
    switch (kind % 8) {
    case 0:
        return ~uint64_t(0);
    case 1:
        return IDENTITY | at;
    case 2:
        return FOREIGN | mfn;
    case 3:
        return IDENTITY | mfn; // another PFN's identity
    case 4:
        return IDENTITY | FOREIGN | at;
    default:
        return mfn;
    }
}

/* The end of a range: some PFNs, leaves or mids further on, or a place of its own. */
uint64_t end_of(const Model &model, const Raw &raw, uint64_t start)
{
    const auto &s = peer_shape;
    const uint64_t lengths[] = {1, 0, 2, s.leaf, s.span, s.leaf + 1, s.span + s.leaf, s.span - 1};

    return raw.how < 16 ? start + lengths[raw.how / 2] : pfn_of(model, raw.other, raw.mfn / 2);
}

bool maps; // PEER_TARGET=e820: memory maps are among the commands

Command command_of(const Model &model, const Raw &raw)
{
    static const uint32_t kinds[] = {PEER_SET,    PEER_SET,   PEER_SET,       PEER_RANGE,
                                     PEER_RANGE,  PEER_RANGE, PEER_SET_THERE, PEER_SET_THERE,
                                     PEER_RESUME, PEER_GET};
    peer_op op = {};

    op.kind = kinds[raw.kind];
    op.pfn = pfn_of(model, raw.place, raw.mfn);
    if (op.kind == PEER_SET || op.kind == PEER_SET_THERE)
        op.b = entry_of(raw.how, op.pfn, raw.mfn);
    else if (op.kind == PEER_RANGE)
        op.b = end_of(model, raw, op.pfn);
    if (op.kind == PEER_RANGE && op.b < op.pfn && raw.how % 4) // reversed, now and then
        std::swap(op.pfn, op.b);
    if ((op.kind == PEER_SET || op.kind == PEER_RANGE) && raw.refuse > 54)
        op.refuse = uint32_t(raw.refuse - 54);
    return std::make_shared<Call>(op);
}

const rc::Gen<Raw> &raws()
{
    static const rc::Gen<Raw> gen =
        rc::gen::map(rc::gen::tuple(below(10), below(PLACES), below(PLACES), below(32),
                                    below<uint64_t>(1 << 20), below(61)),
                     [](const std::tuple<int, int, int, int, uint64_t, int> &t) {
                         return Raw{std::get<0>(t), std::get<1>(t), std::get<2>(t),
                                    std::get<3>(t), std::get<4>(t), std::get<5>(t)};
                     });

    return gen;
}

/* Bytes of a memory map: next to an edge, a few pages on, a byte more or less. */
uint64_t address_of(int number)
{
    const uint64_t pages[] = {0,
                              1,
                              2,
                              3,
                              256,
                              257,
                              peer_shape.leaf,
                              peer_shape.span,
                              peer_shape.max - 1,
                              peer_shape.max,
                              peer_shape.max + 1};
    uint64_t at = pages[number / 4 % 11] * 4096;

    return number % 4 == 1 && at ? at - 1 : number % 4 == 2 ? at + 1 : at;
}

const rc::Gen<Command> &e820()
{
    static const rc::Gen<peer_e820> region =
        rc::gen::map(rc::gen::tuple(below(44), below(44), below<uint32_t>(6), below(8)),
                     [](const std::tuple<int, int, uint32_t, int> &t) {
                         uint64_t a = address_of(std::get<0>(t)), b = address_of(std::get<1>(t));

                         if (a > b && std::get<3>(t)) // an empty one, now and then
                             std::swap(a, b);
                         return peer_e820{a, b, std::get<2>(t) + 1, 0};
                     });
    static const rc::Gen<Command> gen = rc::gen::map(
        rc::gen::pair(
            rc::gen::resize(PEER_E820_MAX, rc::gen::container<std::vector<peer_e820>>(region)),
            below(2)),
        [](const std::pair<std::vector<peer_e820>, int> &p) {
            peer_op op = {};

            op.kind = PEER_E820;
            op.b = uint64_t(p.second);
            for (const peer_e820 &entry : p.first)
                if (op.count < PEER_E820_MAX)
                    op.map[op.count++] = entry;
            return Command(std::make_shared<Call>(op));
        });

    return gen;
}

rc::Gen<Command> command(const Model &model)
{
    auto call = rc::gen::map(raws(), [model](const Raw &raw) { return command_of(model, raw); });

    return maps ? rc::gen::weightedOneOf<Command>({{2, e820()}, {3, call}}) : call;
}

const rc::Gen<peer_boot> &boot()
{
    static const rc::Gen<peer_boot> gen = rc::gen::map(
        rc::gen::tuple(below(16), below<uint64_t>(4 * peer_shape.leaf), below(12), below(61)),
        [](const std::tuple<int, uint64_t, int, int> &t) {
            const auto &s = peer_shape;
            const bool small = s.longest > s.max;
            const uint64_t lengths[] = {0,
                                        0,
                                        0,
                                        1,
                                        s.leaf - 1,
                                        s.leaf,
                                        s.leaf + 1,
                                        2 * s.leaf,
                                        small ? s.span : 0,
                                        small ? s.span + 1 : 0,
                                        small ? s.max : 0,
                                        small ? s.max + 1 : 0};
            int which = std::get<0>(t), refuse = std::get<3>(t) - 54;

            return peer_boot{which < 12 ? lengths[which] : std::get<1>(t), std::get<2>(t) == 11,
                             refuse > 0 ? uint32_t(refuse) : 0};
        });

    return gen;
}

void property()
{
    const peer_boot first = *boot().as("boot");
    System system;

    demand(peer_begin(&first));
    rc::state::check(Model(), system, command);
    demand(peer_end());
}

} // namespace

namespace rc
{
template <> struct Arbitrary<peer_boot> {
    static Gen<peer_boot> arbitrary()
    {
        return boot();
    }
};
} // namespace rc

std::ostream &operator<<(std::ostream &os, const peer_boot &boot)
{
    return os << "boot nr_pages=0x" << std::hex << boot.nr_pages << std::dec
              << (boot.auto_translated ? " auto_translated" : "") << " refuse=" << boot.refuse;
}

int main(int argc, char **argv)
{
    const char *target = std::getenv("PEER_TARGET");
    rc::detail::TestParams params;

    if (argc != 2) {
        std::cerr << "usage: rapidcheck SEED\n";
        return 2;
    }
    maps = target && !std::strcmp(target, "e820");
    peer_setup(1);
    params.maxSuccess = 1000;
    params.maxSize = 50;
    for (uint64_t round = 0;; round++) {
        params.seed = std::strtoull(argv[1], nullptr, 10) * 1000003 + round;
        const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata(), params);

        if (!result.template is<rc::detail::SuccessResult>()) {
            rc::detail::printResultMessage(result, std::cout);
            return 1;
        }
    }
}
