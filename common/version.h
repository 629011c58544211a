/* One version for all programs of a build. */
#ifndef KEHU_VERSION_H
#define KEHU_VERSION_H

#define KEHU_VERSION "0.1.0"

#endif
