#pragma once

#include <array>
#include <string_view>

namespace steward::bench {

/// Plain English of our own that no guard has anything to say about: what the requests ask, what the mock upstream answers and streams.
inline constexpr std::string_view kQuestion =
    "Our reading group meets in the old town library on the first evening of every month, and this spring we would like to plant a small "
    "garden behind the building. The ground is heavy clay, the wall on the north side keeps the wind away, and there is good light from "
    "late "
    "morning until the early evening. We would be glad of herbs for the kitchen, something that flowers before the summer begins, and one "
    "climbing plant for the wall that does not need much care. Please tell us which plants go well together, how far apart they should "
    "stand, "
    "in which order we should dig, sow and water, and what we can leave to the rain. A short plan for the first six weeks would help us "
    "most, "
    "because most of us have never kept a garden before and can only come twice a week.";

inline constexpr std::string_view kAnswer =
    "Begin with the ground: heavy clay wants air, so dig it over once when it is moist but not wet, and work in coarse sand and leaf "
    "mould. "
    "Along the wall a climbing hydrangea needs little care and forgives shade in the morning. In front of it, sage, thyme and chives stand "
    "well together at a hand and a half from each other, with crocus and primrose between them for colour before the summer. In the first "
    "week dig and rake, in the second set the climber and the herbs, in the third sow the flowers and water them gently in the evening. "
    "From "
    "the fourth week on the rain does most of the work: come once to weed and once to look. In the sixth week thin the seedlings, cut the "
    "chives for the first time, and lay bark around the herbs so that the clay does not dry out and crack.";

/// Words of the streamed reply, one a delta, as a model's tokens come.
inline constexpr std::array<std::string_view, 20> kWords = {"the ",   "garden ",  "behind ", "our ",    "library ", "keeps ", "growing ",
                                                            "every ", "spring, ", "and ",    "people ", "come ",    "to ",    "sit ",
                                                            "there ", "with ",    "a ",      "good ",   "book. ",   "Then "};

}  // namespace steward::bench
