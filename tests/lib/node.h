/*
 * Further PostgreSQL servers beside the test's own: copies of a running one, as a standby that
 * confirms each commit or on their own, which can be promoted, frozen and killed. All end with
 * the process.
 */
#ifndef KEHU_TEST_NODE_H
#define KEHU_TEST_NODE_H

#include <stdbool.h>

struct node;

/*
 * A copy of the server at this socket directory, following it as a standby; answers once it is
 * streaming. name: of its folders.
 */
struct node *node_follow(const char *name, const char *primary_dir);
/* Its socket directory. */
const char *node_dir(const struct node *node);
/* Its commits wait for a standby from now on. */
void node_wait_for_standby(const struct node *node);
/* Becomes a primary; answers once it takes writes. */
void node_promote(const struct node *node);
/* All its processes stand still, and go on. */
void node_freeze(const struct node *node);
void node_thaw(const struct node *node);
/* Its log of changes lies there from now on; it is started again for that. */
void node_move_wal(struct node *node, const char *folder);
bool node_ended(struct node *node); /* by itself */
/* Again, when it has. */
void node_start(struct node *node);
/* Ends it at once, frozen or not, and frees. */
void node_kill(struct node *node);

#endif
