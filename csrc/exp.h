// Constants and polynomial of the exponential function (Cephes expf), shared by all code that must
// give the same bits: the kernels' vectors, the weights of a draw, and scalars. It is included by
// files that are compiled for different instruction sets, so everything has internal linkage.
#ifndef GPT2_EXP_H_
#define GPT2_EXP_H_

namespace gpt2 {
namespace {

// e^x = 2^n e^r with n = x log2(e) rounded and r = x - n ln 2, so |r| <= ln 2 / 2. ln 2 is the sum
// of two constants: n times the first, of 9 bits, is exact.
constexpr float kLog2E = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;

// p with e^r = p r^2 + r + 1, by Horner's rule. `V` is a float or a vector of floats, `madd` is a b
// + c with two roundings, `of` broadcasts a number to a V.
template <class V, class Madd, class Of>
inline __attribute__((always_inline)) V exp_polynomial(V r, const Madd& madd, const Of& of) {
  V p = madd(of(1.9875691500e-4f), r, of(1.3981999507e-3f));
  p = madd(p, r, of(8.3334519073e-3f));
  p = madd(p, r, of(4.1665795894e-2f));
  p = madd(p, r, of(1.6666665459e-1f));
  return madd(p, r, of(5.0000001201e-1f));
}

}  // namespace
}  // namespace gpt2

#endif  // GPT2_EXP_H_
