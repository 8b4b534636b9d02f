# Every third-party part, found once. Why each was chosen: docs/decisions/.
find_program(PLENOPTIC_CCACHE ccache)
if(PLENOPTIC_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PLENOPTIC_CCACHE})
endif()
find_program(PLENOPTIC_MOLD mold)
if(PLENOPTIC_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_library(ROARING_LIBRARY roaring REQUIRED)
find_library(LZ4_LIBRARY lz4 REQUIRED)

# Debian's libphonenumber-dev cannot stand beside libboost1.81-dev (it wants 1.74's headers), so ./dev
# unpacks its headers below .deps/ and the library itself is the installed libphonenumber8.
find_path(PHONENUMBER_INCLUDE phonenumbers/phonenumberutil.h
          PATHS ${CMAKE_SOURCE_DIR}/.deps/phonenumber/usr/include REQUIRED)
find_library(PHONENUMBER_LIBRARY NAMES phonenumber libphonenumber.so.8 REQUIRED)

find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
