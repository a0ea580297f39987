// Everything the pages run: htmx for fragments, and one small custom element per behaviour.
import "htmx.org/dist/htmx.esm.js";
import "./elements/auto-submit.js";
import "./elements/copy-button.js";
import "./elements/dash-actions.js";
import "./elements/dash-grid.js";
import "./elements/field-shelves.js";
import "./elements/full-screen.js";
import "./elements/jump-menu.js";
import "./elements/live-state.js";
import "./elements/log-tail.js";
import "./elements/nav-groups.js";
import "./elements/panel-menu.js";
import "./elements/query-editor.js";
import "./elements/theme-toggle.js";
import "./elements/time-series.js";
import "./elements/trace-scatter.js";
import "./elements/trace-waterfall.js";
