// Every word that the page says. To translate it, translate this file. {name} is filled in.

const TEXTS = {
  nav: {
    label: "Pages", skip: "To the content",
    live: "Live", map: "Map", regions: "Regions", calibrate: "Calibrate",
    history: "History", settings: "Settings", webhooks: "Webhooks", faces: "Faces",
  },
  frame: {
    theme_auto: "Auto", theme_light: "Light", theme_dark: "Dark", theme_hint: "Light, dark, or as the system",
    keys: "Keys", keys_hint: "Keyboard ( ? )", close: "Close", log_out: "Log out",
    connecting: "Connecting", live: "Live", live_problems: "Live, with problems", not_connected: "Not connected",
    not_connected_why: "Not connected: {reason}", next_try: "{what} \u2013 next try in {seconds} s",
    trying: "{what} \u2013 trying again", silent: "the service is silent",
    view_failed: "This page could not be opened: {reason}",
  },
  login: {
    title: "Log in", token: "Token", hint: "Tokens are made with: omni tokens create", submit: "Log in",
    failed: "Not accepted: {reason}",
  },
  keys: {
    title: "Keyboard", pages: "open a page", tile: "show camera 1 to 9 large", move: "from camera to camera",
    open: "show the camera large", back: "back to all cameras", help: "this list", theme: "light, dark, automatic",
    map_layers: "map: heat, flow, footprints, trails", point: "move the chosen point, with Shift far",
    remove: "delete what is chosen", undo: "take the last change back",
  },
  total: { people: "People now", seen: "Seen so far", fps: "Pictures / s", lag: "Behind live" },
  live: {
    cameras: "Cameras", no_camera: "No camera is configured.",
    feed: "What happens", nothing: "Nobody has come or gone yet.", open: "{n} open", pipeline: "Pipeline",
    cost: "{ms} ms a picture", stream: "Stream", frames: "Frames", dropped: "Dropped", lag: "Lag",
    enlarge: "Show {name} large",
  },
  state: {
    online: "online", starting: "starting", degraded: "degraded", down: "down", reconnecting: "reconnecting",
    ended: "ended", failed: "stopped",
    note_starting: "Waiting for the first picture", note_down: "Camera is down", note_reconnecting: "Camera is down",
    note_failed: "Stopped", note_ended: "The video has ended", again: "Next try in {seconds} s", again_now: "Trying again",
  },
  stage: { decode: "decode", detect: "detect", track: "track", face: "faces", process: "process", map: "map" },
  told: {
    began: "{what} began", ended: "{what} ended", entered: "entered {what}", left: "left {what}",
    forward: "crossed {what} forward", reverse: "crossed {what} backward", came: "came into view", known: "is {what}",
    end_left: "left", end_lost: "lost from sight", end_camera_down: "camera went down", end_agent_stopped: "agent stopped",
    end_agent_restarted: "agent restarted", end_config_changed: "configuration changed", end_end_of_file: "video began anew",
    end_ended: "ended", end_terminated: "ended by order", external: "ext",
  },
  map: {
    title: "Floor map", views: "Views of the map", canvas: "People on the floor map", person: "Person {id}",
    seen_by: "seen by {cameras}", predicted: "out of sight, predicted", speed: "{speed} m/s", sigma: "\u00b1 {metres} m",
    age: "here for {seconds} s", metres: "{n} m", layers: "Layers", heat: "Heat", flow: "Flow", footprints: "Footprints", trails: "Trails",
    uncertainty: "Uncertainty", none: "No map is configured.", calibrate: "Calibrate a camera",
    people: "People", nobody: "Nobody is on the map.",
  },
  draft: {
    review: "Review and apply", discard: "Discard", undo: "Take back the last change", undone: "Taken back.", applied: "Applied.",
    applied_restart: "Applied. After a restart: {paths}", title: "What changes", path: "Setting", old: "Now", new: "Then",
    restart: "needs a restart", nothing: "Nothing changes.", back: "Back", apply: "Apply", absent: "\u2013",
  },
  regions: {
    title: "Regions and lines", picture: "Live picture with regions and lines", new_region: "New region", new_line: "New line",
    name: "Name", name_region: "region {n}", name_line: "line {n}", none: "None in this camera yet.", delete: "Delete",
    everywhere: "In every camera", width: "Width of the zone", reverse: "Turn the direction round", presence: "Tell who is inside, too",
    corner: "Corner {n}", side: "New corner after corner {n}", direction: "Direction that counts as forward",
    hint: "Click a region to change it, or draw a new one (n, l).", hint_region: "Click the corners; click the first again or press Enter to close. Esc ends.",
    hint_line: "Click where the line begins and where it ends. Forward is to the right of that way.",
    hint_chosen: "Drag it, its corners or its sides; arrows move the focused point, Delete takes it away.",
  },
  calibrate: {
    title: "Calibration", picture: "Picture", plan: "Plan", view: "Map", upload: "Upload a plan", scale: "Metres in one unit (pixel) of the plan",
    no_plan: "No plan", pair: "Pair", error: "Error", number: "{n}", metres: "{n} m", delete: "Delete", delete_pair: "Delete pair {n}",
    point_image: "Pair {n} in the picture", point_map: "Pair {n} on the plan", more: "{n} more pairs are needed.",
    fits_without: "{used} of {n} pairs fit to {metres} m (root mean square); the red ones are left out.",
    fits: "{n} pairs fit to {metres} m (root mean square).",
    hint: "Click a place on the floor in the picture, then the same place on the plan.",
    hint_plan: "Now click the same place on the plan.", hint_picture: "Now click the same place in the picture.",
  },
  unit: { seconds: "{n} s", minutes: "{n} min", minutes_seconds: "{m} min {s} s", percent: "{n} %", percent_small: "<1 %", none: "\u2013", fps: "{n} fps" },
};

// t("live.open", {n: 3}). A key that is not there is shown as it is, so that it is seen.
export function t(key, values = {}) {
  const text = key.split(".").reduce((part, name) => part?.[name], TEXTS);
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function has(key) { return t(key) !== key; }
