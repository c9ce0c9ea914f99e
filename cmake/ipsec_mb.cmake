# libipsec-mb is optional, and for amd64: where it is missing, OpenSSL does all of the work. Its
# static library is preferred, so that a program runs where the package is not installed.
option(ADIT_IPSEC_MB "Use libipsec-mb if it is installed" ON)

function(adit_use_ipsec_mb target)
  if(NOT ADIT_IPSEC_MB OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    return()
  endif()
  find_path(ADIT_IPSEC_MB_INCLUDE intel-ipsec-mb.h)
  find_library(ADIT_IPSEC_MB_LIBRARY NAMES libIPSec_MB.a IPSec_MB)
  if(NOT ADIT_IPSEC_MB_INCLUDE OR NOT ADIT_IPSEC_MB_LIBRARY)
    message(STATUS "libipsec-mb is not installed: OpenSSL will do all of the work on data packets")
    return()
  endif()
  target_include_directories(${target} SYSTEM PRIVATE ${ADIT_IPSEC_MB_INCLUDE})
  target_compile_definitions(${target} PRIVATE ADIT_WITH_IPSEC_MB)
  target_link_libraries(${target} PRIVATE ${ADIT_IPSEC_MB_LIBRARY})
endfunction()
