#include <nanobind/nanobind.h>
namespace nb = nanobind;
NB_MODULE(_check, m) { m.doc() = "The plain verification pass of twinmatch."; }
