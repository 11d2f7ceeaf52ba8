#include "exact_head.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace gpt2 {
namespace {

constexpr size_t kCached = 32 << 20;  // bytes of a head that a cache may hold
constexpr int kMoreFirst = 7;         // panels computed first, in addition to k
constexpr float kNone = -std::numeric_limits<float>::infinity();

float kth_largest(std::vector<float>& numbers, int k) {
  std::nth_element(numbers.begin(), numbers.begin() + (k - 1), numbers.end(), std::greater<>());
  return numbers[k - 1];
}

// The value that an integer represents.
double value(const Step& step, uint8_t q) {
  return static_cast<double>(step.scale) * (static_cast<double>(q) - step.zero);
}

// No logit below the result rounds, after division, to what `logit` does: quotients that round to
// the same float differ by at most 2^-23 of it, or by 2^-149 if it is subnormal.
double least_equal(double logit, double divisor) {
  if (divisor == 1) return logit;
  return logit - (std::ldexp(std::fabs(logit), -22) + std::ldexp(divisor, -148));
}

}  // namespace

bool ExactHead::possible(const Matrix& head) {
  return !head.integers() && head.inputs() <= kMostInputs;
}

bool ExactHead::pays(const Matrix& head) { return possible(head) && head.size() > kCached; }

ExactHead::ExactHead(const Matrix& head, const Kernels& kernels, ThreadPool& pool)
    : head_(head),
      kernels_(kernels),
      wide_(padded(head.inputs(), kGroup)),
      copy_(head, pool),
      queries_(kMostRows),
      steps_(2 * kMostRows),
      quantized_(static_cast<size_t>(2) * kMostRows * wide_),
      scaled_(static_cast<size_t>(kMostRows) * wide_),
      peaks_(static_cast<size_t>(kMostRows) * head.panels()) {
  // Integer products and the floats they represent, for as many panels as are finished together.
  const size_t numbers = static_cast<size_t>(2) * kMostRows * kUnit * kLanes;
  for (int i = 0; i < pool.threads(); i++) products_.emplace_back(2 * numbers * sizeof(float));
}

void ExactHead::run(const Worker& worker, const float* x, int rows, const Largest& wanted,
                    float* logits) {
  const Range mine = worker.share(rows);
  for (int r = mine.begin; r < mine.end; r++) {
    prepare(r, x + static_cast<size_t>(r) * head_.inputs());
  }
  worker.barrier();
  bound(worker, rows);
  const Range share = worker.share(head_.outputs());
  for (int r = 0; r < rows; r++) {
    float* row = logits + static_cast<size_t>(r) * head_.outputs();
    std::fill(row + share.begin, row + share.end, kNone);
  }
  worker.barrier();
  for (int r = mine.begin; r < mine.end; r++) choose_first(r, wanted.k);
  worker.barrier();
  compute(worker, x, rows, logits);
  worker.barrier();
  for (int r = mine.begin; r < mine.end; r++) {
    choose_more(r, wanted, logits + static_cast<size_t>(r) * head_.outputs());
  }
  worker.barrier();
  if (worker.index() == 0) count(rows);
  compute(worker, x, rows, logits);
}

// Splits x / c into two rows of integers and a remainder f, and computes the norms of all of them.
void ExactHead::prepare(int row, const float* x) {
  Query& query = queries_[row];
  const int n = head_.inputs();
  const float *shrink = copy_.shrink(), *mean = copy_.mean();
  float* scaled = scaled_.data() + static_cast<size_t>(row) * wide_;
  uint8_t* q = quantized_.data() + static_cast<size_t>(2) * row * wide_;
  Step* steps = steps_.data() + 2 * row;
  double all = 0;
  query.centre = query.doubt = 0;
  for (int k = 0; k < n; k++) {
    const double exact = static_cast<double>(x[k]) * shrink[k];
    const double term = static_cast<double>(x[k]) * mean[k];
    scaled[k] = x[k] * shrink[k];
    all += exact * exact;
    query.centre += term;
    query.doubt += std::fabs(term);
  }
  const double size = std::sqrt(all);
  query.bounded = size < kMost && 8 * size * copy_.largest() < kMost;  // false for NaN
  query.near = query.far = 0;
  if (!query.bounded) std::fill(scaled, scaled + n, 0.0f);  // do not round NaN or infinity
  steps[0] = kernels_.quantize(scaled, n, copy_.limit(), q);
  for (int k = 0; k < n; k++) scaled[k] -= static_cast<float>(value(steps[0], q[k]));
  steps[1] = kernels_.quantize(scaled, n, copy_.limit(), q + wide_);
  if (!query.bounded) return;
  double first = 0, second = 0, rest = 0;
  for (int k = 0; k < n; k++) {
    const double one = value(steps[0], q[k]), two = value(steps[1], q[wide_ + k]);
    const double left = static_cast<double>(x[k]) * shrink[k] - one - two;
    first += one * one;
    second += two * two;
    rest += left * left;
  }
  const double sizes = size + std::sqrt(first) + std::sqrt(second);
  query.near = rounded_up(size);
  query.far = rounded_up(std::sqrt(rest) + 16 * kHalfUnit * sizes);
}

// Scans this worker's share of the copy: the largest bound of each panel, minus the centre.
void ExactHead::bound(const Worker& worker, int rows) {
  const Range share = worker.share(head_.panels());
  const size_t stride = kUnit * kLanes;
  int32_t* products = products_[worker.index()].as<int32_t>();
  float* scan = products_[worker.index()].as<float>() + 2 * kMostRows * stride;
  for (int p = share.begin; p < share.end; p += kUnit) {
    const int count = std::min(kUnit, share.end - p), first = p * kLanes;
    Finish finish = {nullptr, -1, false, scan, stride};
    finish.steps = steps_.data();
    finish.scales = copy_.scales() + first;
    finish.sums = copy_.sums() + first;
    kernels_.multiply_integers(copy_.quantized(p, count), quantized_.data(), wide_, 2 * rows,
                               products, stride);
    kernels_.finish_integers(finish, products, stride, 2 * rows, count * kLanes);
    for (int r = 0; r < rows; r++) {
      const float *one = scan + 2 * r * stride, *two = one + stride;
      const float *a = copy_.near() + first, *b = copy_.far() + first;
      const float near = queries_[r].near, far = queries_[r].far;
      for (int i = 0; i < count; i++, one += kLanes, two += kLanes, a += kLanes, b += kLanes) {
        float most[kLanes];
        for (int v = 0; v < kLanes; v++) most[v] = (one[v] + two[v]) + (near * a[v] + far * b[v]);
        peaks(r)[p + i] = *std::max_element(most, most + kLanes);
      }
    }
  }
}

// Chooses the panels with the largest bounds, or all panels if there are no bounds.
void ExactHead::choose_first(int row, int k) {
  Query& query = queries_[row];
  const float* peak = peaks(row);
  query.panels.clear();
  query.scratch.assign(peak, peak + head_.panels());
  query.reached = kNone;
  if (query.bounded) {
    query.reached = kth_largest(query.scratch, std::min(k + kMoreFirst, head_.panels()));
  }
  for (int p = 0; p < head_.panels(); p++) {
    if (!query.bounded || peak[p] >= query.reached) query.panels.push_back(p);
  }
  query.computed = query.panels.size();
}

// Chooses the panels not yet computed whose bounds reach the k-th largest logit so far, or a tie
// with it.
void ExactHead::choose_more(int row, const Largest& wanted, const float* logits) {
  Query& query = queries_[row];
  const float* peak = peaks(row);
  query.scratch.clear();
  for (const int p : query.panels) {
    const int first = p * kLanes, end = std::min(first + kLanes, head_.outputs());
    query.scratch.insert(query.scratch.end(), logits + first, logits + end);
  }
  query.panels.clear();
  if (!query.bounded) return;
  const double least = least_equal(kth_largest(query.scratch, wanted.k), wanted.divisor);
  const double slack = kDoubles * (query.doubt + std::fabs(least)) + kLeast;
  const double reached = least - query.centre - slack;
  for (int p = 0; p < head_.panels(); p++) {
    if (peak[p] < query.reached && peak[p] >= reached) query.panels.push_back(p);
  }
  query.computed += query.panels.size();
}

void ExactHead::count(int rows) {
  for (int r = 0; r < rows; r++) {
    counts_.last = static_cast<int64_t>(queries_[r].computed) * kLanes;
    counts_.total += counts_.last;
  }
  counts_.rows += rows;
}

void ExactHead::compute(const Worker& worker, const float* x, int rows, float* logits) const {
  int item = 0;
  float y[kLanes];
  for (int r = 0; r < rows; r++) {
    const float* from = x + static_cast<size_t>(r) * head_.inputs();
    float* to = logits + static_cast<size_t>(r) * head_.outputs();
    for (const int p : queries_[r].panels) {
      if (item++ % worker.count() != worker.index()) continue;
      kernels_.multiply(head_.floats(p, 1), from, head_.inputs(), 1, y, kLanes, nullptr);
      const int first = p * kLanes;
      std::copy(y, y + std::min(kLanes, head_.outputs() - first), to + first);
    }
  }
}

}  // namespace gpt2
