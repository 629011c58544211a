/*
 * Glyphs: what is drawn for a character whose width a terminal may judge otherwise.
 * Only the picture changes; data keep the character.
 */
#ifndef KEHU_UI_GLYPH_H
#define KEHU_UI_GLYPH_H

#include "client/ui/cells.h"

/*
 * The character to draw for code and its cells: 0 (nothing is drawn), 1 or 2. A stand-in
 * has the same width by our own table; '?' for two cells is drawn as "? ".
 */
uint32_t glyph_for(
    uint32_t code, enum cells_charset charset, enum cells_ambiguous ambiguous, int *cols);
bool glyph_ambiguous(uint32_t code);

#endif
