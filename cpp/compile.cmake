# How every part of the core is compiled: flags, one object per instruction set, sanitizers.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(TWINMATCH_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread (docs/dev/robustness.md)")

# The same bytes from every build: no contraction into fused multiply-adds, no fast-math. sqrt never sets errno
# and no loop reads the floating-point flags, which is all that the vectoriser asks for.
add_compile_options(-O3 -ffp-contract=off -fno-math-errno -fno-trapping-math)
set(WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion)

if(TWINMATCH_SANITIZE)
  # Vectors check their indices besides; a number too large for the integer that it is cast to is an error too.
  add_compile_options(-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=${TWINMATCH_SANITIZE})
  add_link_options(-fsanitize=${TWINMATCH_SANITIZE})
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  if(TWINMATCH_SANITIZE MATCHES "undefined")
    add_compile_options(-fsanitize=float-cast-overflow)
  endif()
endif()

# One kernel source, compiled once per instruction set and chosen at run time. Such sources hold plain loops over raw
# pointers only: an inline function of the standard library compiled here with AVX-512 could be the copy that the
# linker keeps for everybody.
function(add_kernel target source)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(levels portable avx2 avx512)
  else()
    set(levels portable)
  endif()
  foreach(level ${levels})
    get_filename_component(name ${source} NAME_WE)
    set(object ${target}_${name}_${level})
    add_library(${object} OBJECT ${source})
    target_include_directories(${object} PRIVATE ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    target_compile_options(${object} PRIVATE ${WARNINGS})
    target_compile_definitions(${object} PRIVATE TM_LEVEL=${level})
    if(level STREQUAL avx2)
      target_compile_options(${object} PRIVATE -mavx2 -mpopcnt -mprefer-vector-width=256)
    elseif(level STREQUAL avx512)
      target_compile_options(${object} PRIVATE -mavx512f -mavx512bw -mavx512dq -mavx512vl -mpopcnt
                                               -mprefer-vector-width=512)
    endif()
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
  endforeach()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_definitions(${target} PRIVATE TM_X86=1)
  endif()
endfunction()
