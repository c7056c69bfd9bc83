# oneDNN, when it is there: the target bf_onednn and BF_ONEDNN, which is empty without it. By hand, because the package files of some
# distributions ask for OpenCL. What is found has to be of the version whose interface is used here, and to run its threads with libgomp.
set(BF_ONEDNN)
if(BETAFIELD_ONEDNN)
  include(CheckCSourceCompiles)
  find_library(DNNL_LIBRARY dnnl)
  find_path(DNNL_INCLUDE oneapi/dnnl/dnnl.h)
  if(DNNL_LIBRARY AND DNNL_INCLUDE)
    set(CMAKE_REQUIRED_INCLUDES ${DNNL_INCLUDE})
    set(CMAKE_REQUIRED_LIBRARIES ${DNNL_LIBRARY} gomp)
    check_c_source_compiles("
      #include <oneapi/dnnl/dnnl.h>
      #if DNNL_VERSION_MAJOR != 2 || DNNL_VERSION_MINOR < 6 || DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP
      #error \"another interface\"
      #endif
      void omp_set_num_threads(int);
      int main(void) { omp_set_num_threads(1); return dnnl_version() == 0; }" BF_ONEDNN_SERVES)
    unset(CMAKE_REQUIRED_INCLUDES)
    unset(CMAKE_REQUIRED_LIBRARIES)
  endif()
  if(BF_ONEDNN_SERVES)
    file(STRINGS ${DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h version REGEX "define DNNL_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    list(TRANSFORM version REPLACE "[^0-9]" "")
    list(JOIN version "." BF_ONEDNN)
    add_library(bf_onednn INTERFACE)
    target_include_directories(bf_onednn SYSTEM INTERFACE ${DNNL_INCLUDE})
    target_link_libraries(bf_onednn INTERFACE ${DNNL_LIBRARY} gomp)
  endif()
  message(STATUS "oneDNN: ${BF_ONEDNN}")
endif()
if(NOT BF_ONEDNN)
  message(STATUS "oneDNN is not there (Debian: libdnnl-dev, version 2.6 or newer of 2): portable kernels only")
endif()
