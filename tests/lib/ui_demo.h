/*
 * A small program over the toolkit of client/ui with data of its own, so that the toolkit is
 * tested on a real terminal without server and screens.
 */
#ifndef KEHU_TESTS_UI_DEMO_H
#define KEHU_TESTS_UI_DEMO_H

/* Options: --en, --mono, --ascii, --mouse, --rows N, --slow (never ending request). Exit
 * status. */
int ui_demo_main(int argc, char **argv);

#endif
