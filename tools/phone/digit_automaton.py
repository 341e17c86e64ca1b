"""Small exact automata over decimal digits, from the regular expressions of phone metadata.

Every expression there is finite (bounded repeats), so the automata are trees that share equal states:
`States` keeps one copy of each state for all of them.
"""
import re._constants as sre
import re._parser as sre_parse

DIGITS = range(10)


class Nfa:
    """Thompson automaton of one expression; transitions only on digits."""

    def __init__(self, pattern: str):
        self.epsilon, self.moves = [], []
        self.start = self._new()
        self.end = self._build(sre_parse.parse(pattern), self.start)

    def _new(self) -> int:
        self.epsilon.append([])
        self.moves.append([])
        return len(self.moves) - 1

    def _build(self, items, at: int) -> int:
        for op, value in items:
            at = self._step(op, value, at)
        return at

    def _step(self, op, value, at: int) -> int:
        if op is sre.LITERAL:
            return self._move(at, {value - 48})
        if op is sre.IN:
            return self._move(at, digits_of(value))
        if op is sre.SUBPATTERN:
            return self._build(value[3], at)
        if op is sre.BRANCH:
            end = self._new()
            for branch in value[1]:
                begin = self._new()
                self.epsilon[at].append(begin)
                self.epsilon[self._build(branch, begin)].append(end)
            return end
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, body = value
            assert high != sre.MAXREPEAT, "unbounded repeat"
            for _ in range(low):
                at = self._build(body, at)
            end = self._new()
            for _ in range(high - low):
                self.epsilon[at].append(end)
                at = self._build(body, at)
            self.epsilon[at].append(end)
            return end
        raise ValueError(f"unknown item {op}")

    def _move(self, at: int, digits) -> int:
        end = self._new()
        self.moves[at].append((frozenset(digits), end))
        return end

    def closure(self, states) -> frozenset:
        todo, seen = list(states), set(states)
        while todo:
            for other in self.epsilon[todo.pop()]:
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return frozenset(seen)

    def begin(self) -> frozenset:
        return self.closure({self.start})

    def step(self, states, digit: int) -> frozenset:
        return self.closure({end for s in states for digits, end in self.moves[s] if digit in digits})


def digits_of(items) -> set:
    found = set()
    for op, value in items:
        if op is sre.LITERAL:
            found.add(value - 48)
        elif op is sre.RANGE:
            found.update(range(value[0] - 48, value[1] - 47))
        elif op is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            found.update(DIGITS)
        else:
            raise ValueError(f"unknown class item {op}")
    return found


class States:
    """Deterministic states, equal ones shared. A state is (accepts, ten targets); target 0 is the dead state."""

    def __init__(self):
        self.states = [(False, (0,) * 10)]
        self.ids = {self.states[0]: 0}

    def intern(self, accepts: bool, targets) -> int:
        state = (accepts, tuple(targets))
        if state not in self.ids:
            self.ids[state] = len(self.states)
            self.states.append(state)
        return self.ids[state]

    def add_region(self, general, types, length_max: int) -> int:
        """general, types: pairs (expression, possible lengths). Accepts what general and any of the types accept."""
        descs = [(Nfa(pattern), set(lengths)) for pattern, lengths in [general] + types]
        memo = {}

        def visit(depth, sets):
            if not sets[0] or not any(sets[1:]) or depth > length_max:
                return 0
            key = (depth, sets)
            if key not in memo:
                hits = [d[0].end in s and depth in d[1] for d, s in zip(descs, sets)]
                targets = [visit(depth + 1, tuple(d[0].step(s, c) for d, s in zip(descs, sets))) for c in DIGITS]
                memo[key] = self.intern(hits[0] and any(hits[1:]), targets)
            return memo[key]

        return visit(0, tuple(d[0].begin() for d in descs))

    def union(self, a: int, b: int) -> int:
        memo = {}

        def visit(x, y):
            if x == y or y == 0:
                return x
            if x == 0:
                return y
            key = (min(x, y), max(x, y))
            if key not in memo:
                (accepts_x, targets_x), (accepts_y, targets_y) = self.states[x], self.states[y]
                memo[key] = self.intern(accepts_x or accepts_y, [visit(p, q) for p, q in zip(targets_x, targets_y)])
            return memo[key]

        return visit(a, b)

    def reachable(self, roots):
        """(states in order of discovery with the dead one first, old id → new id)"""
        order, new = [0], {0: 0}
        todo = list(roots)
        while todo:
            state = todo.pop()
            if state in new:
                continue
            new[state] = len(order)
            order.append(state)
            todo.extend(self.states[state][1])
        return order, new


def words_of(pattern: str, count_max: int) -> list:
    """All strings of digits that a finite expression accepts, or the shortest `count_max` of them."""
    nfa = Nfa(pattern)
    found, layer = [], [("", nfa.begin())]
    while layer and len(found) < count_max:
        found += [word for word, states in layer if nfa.end in states]
        layer = [(word + str(c), nfa.step(states, c)) for word, states in layer for c in DIGITS if nfa.step(states, c)]
    return found[:count_max]
