#pragma once

#include <functional>
#include <vector>

#include "steward/tune/torch.h"

namespace steward::tune {

/// body(x), which keeps nothing for its gradient but x and is run a second time on the way back [Chen et al. 2016, arXiv:1604.06174].
/// leaves: everything else that body's result has a gradient for. body must give the same both times.
Tensor recomputed(std::function<Tensor(const Tensor&)> body, const Tensor& x, const std::vector<Tensor>& leaves);

}  // namespace steward::tune
