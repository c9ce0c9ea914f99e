add_library(adit_warnings INTERFACE)
target_compile_options(adit_warnings INTERFACE -Wall -Wextra -Wconversion -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough)
if(NOT ADIT_TOGETHER EQUAL 1)  # what is unnamed in one file is a stranger to the next
  target_compile_options(adit_warnings INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
else()
  target_compile_options(adit_warnings INTERFACE -Wshadow)
endif()
if(ADIT_WERROR)
  target_compile_options(adit_warnings INTERFACE -Werror)
endif()

if(ADIT_LINKER)
  add_link_options(-fuse-ld=${ADIT_LINKER})
endif()
if(ADIT_SANITIZE)
  string(REPLACE ";" "," adit_sanitize_list "${ADIT_SANITIZE}")
  add_compile_options(-fsanitize=${adit_sanitize_list} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${adit_sanitize_list})
endif()
if(ADIT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
