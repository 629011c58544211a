/* Message log: a popup with what the message line said, newest first. */
#ifndef KEHU_UI_MESSAGE_LOG_H
#define KEHU_UI_MESSAGE_LOG_H

#include "client/ui/ui.h"

void message_log_open(struct ui *ui);

#endif
