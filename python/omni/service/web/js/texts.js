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
    connecting: "Connecting", live: "Live", live_problems: "Live, with problems", problems: "Problems", not_connected: "Not connected",
    not_connected_why: "Not connected: {reason}", next_try: "{what} \u2013 next try in {seconds} s",
    trying: "{what} \u2013 trying again", silent: "the service is silent",
    reading: "Being read", unreachable: "the service cannot be reached", view_failed: "This page could not be opened: {reason}",
  },
  login: {
    title: "Log in", token: "Token", hint: "Tokens are made with: omni tokens add NAME", submit: "Log in",
    failed: "Not accepted: {reason}",
  },
  keys: {
    title: "Keyboard", pages: "open a page", tile: "show camera 1 to 9 large", move: "from camera to camera",
    open: "show the camera large", back: "back to all cameras", reload: "history: read again", help: "this list", theme: "light, dark, automatic",
    map_layers: "map: heat, flow, footprints, trails", point: "move the chosen point, with Shift far",
    remove: "delete what is chosen", undo: "take the last change back",
  },
  total: { people: "People now", seen: "Seen so far", fps: "Pictures / s", lag: "Behind live" },
  live: {
    cameras: "Cameras", no_camera: "No camera is configured.", add_camera: "Add a camera",
    feed: "What happens", nothing: "Nobody has come or gone yet.", open: "{n} open", pipeline: "Pipeline",
    cost: "{ms} ms a picture", stream: "Stream", frames: "Frames", dropped: "Dropped", lag: "Lag",
    enlarge: "Show {name} large",
  },
  state: {
    idle: "starting", probing: "connecting", online: "online", degraded: "degraded", backoff: "reconnecting",
    ended: "ended", failed: "stopped",
    note_idle: "Waiting for the first picture", note_probing: "Connecting", note_backoff: "Camera is down",
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
    restart: "needs a restart", nothing: "Nothing changes.", back: "Back", apply: "Apply", applying: "Being applied", absent: "\u2013",
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
  history: {
    title: "History", range: "Time", hour: "Last hour", six_hours: "Last 6 hours", day: "Last 24 hours", week: "Last 7 days", month: "Last 30 days",
    camera: "Camera", all_cameras: "All cameras", kind: "What", kind_all: "Everything", kind_human: "People", kind_roi_presence: "In a region",
    kind_line_crossing: "Through a line", kind_external: "External", kind_track: "Person", everybody: "Everybody", one_person: "One person", timeline: "Timeline of people and events. Arrows move, plus and minus zoom, Tab goes to the list.",
    hint: "Drag to move, wheel or + \u2212 to zoom, click a bar for more.", none: "Nothing happened in this time.", more: "Older ones", newest: "{n} in this time; the newest {m} are shown.", count: "{n} in this time",
    csv: "CSV", json: "JSON", export: "Export", reload: "Read again", events: "What happened", when: "When", length: "How long", who: "Who", what: "What", why: "Ending",
    shot: "Best shot", no_shot: "No picture", only: "Only this person", detail: "Chosen", close: "Close", open: "still there", person: "Person {id}",
    lines: "Crossings of lines", regions: "People in regions", all_lines: "All lines", forward: "forward", reverse: "backward", mean: "mean", max: "most at once",
    no_lines: "No line is configured.", no_regions: "No region is configured.", chart_counts: "Crossings of {name}: {forward} forward, {reverse} backward", chart_occupancy: "People in {name}: at most {max} at once",
    off: "No history is kept: it needs history.enabled and a state folder.", zoom_in: "Zoom in", zoom_out: "Zoom out",
  },
  settings: {
    title: "Settings", sections: "Parts of the settings", restart: "needs a restart", pending: "Changed, in effect after a restart: {paths}", general: "General",
    add: "Add", remove: "Remove", entry: "{name} {n}", none: "none", optional: "not set", not_json: "This is not JSON: {reason}", file: "Written to {file}",
    no_file: "Not written to a file: changes last until the agent ends.", faults: "{n} settings cannot be used as they are.", fault: "1 setting cannot be used as it is.", raw: "The whole as JSON",
    safe_title: "The configuration cannot be used", safe_hint: "The agent does not run. Mend the settings here; it starts when they are right.", save: "Check and start",
  },
  webhooks: {
    title: "Webhooks", add: "Add a webhook", none: "Nobody is told yet.", url: "Address (http:// or https://)", id: "Name", type: "What it is told", processes: "processes", events: "events",
    streams: "Cameras", streams_all: "none chosen: all", sign: "Sign messages with a secret", private: "The address may lead to a private network", save: "Add", cancel: "Cancel",
    delivered: "Delivered", waiting: "Waiting", latency: "Latency", dead: "Given up", test: "Test", pause: "Pause", resume: "Go on", rotate: "New secret", remove: "Remove",
    state_ok: "delivers", state_failing: "failing: {reason}", state_paused: "paused", state_disabled: "switched off: {reason}", deliveries: "Deliveries", attempt: "{n} attempts", one_attempt: "1 attempt",
    secret_title: "The secret of {id}", secret_hint: "It is shown this once. The one before goes on to sign beside it until it is removed from the settings.", copy: "Copy", copied: "Copied", close: "I have it",
    test_ok: "ok, {ms} ms", sure_remove: "Remove {id}? What waits for it is dropped.", not_found: "{id} is not in the configuration any more, or is written there in another way: remove it in the settings.", sure_rotate: "Make a new secret for {id}?", no_deliveries: "Nothing yet.", when: "When", reason: "Reason", state: "State", attempts: "Attempts", no_answer: "no answer",
    delivery_waiting: "waiting", delivery_delivered: "delivered", delivery_dead: "given up", given_up: "{n} given up", again: "Send again", forget: "Forget", again_all: "Send all again", forget_all: "Forget all", sure_forget: "Forget these messages for good?", older: "and {n} older ones", done: "{n} done", read_again: "Read again",
  },
  faces: {
    title: "Faces", drop: "Drop photos here, or choose files", drop_hint: "A photo shows one face. The file name is the person's name; numbers at its end are left out, so that ann 1.jpg and ann 2.jpg are two photos of ann. Photos are not kept.",
    choose: "Choose photos", groups: "Groups (UUIDs, commas between)", report: "Import", added: "added", added_sample: "one photo more", refused: "refused: {reason}", reading: "being read",
    none: "Nobody is known yet.", samples: "{n} photos", one_sample: "1 photo", since: "since {date}", delete: "Delete", sure_delete: "Delete {name} and all photos of them? This cannot be undone.", all_groups: "All groups", more_photos: "Add photos of {name}",
    find: "Find a name", match: "Who is in this photo?", nobody: "Nobody who is known.", no_face: "No face was found.", match_is: "{name}: distance {distance}, score {score}; false accept rate {far}", threshold: "Threshold of a match",
    off: "Faces are not looked for.", switch_on: "Switch it on in the settings", off_hint: "It must be wanted: pipelines.face.enabled. Faces are compared on this machine only.",
    far: "False accept rate (faR)", frr: "False reject rate (frR)", score: "Least score (desired_score)", far_meaning: "The share of comparisons of two different people that are taken for one. Lower: fewer strangers are taken for somebody known, more people are not recognised.",
    far_of_many: "With {n} people known, a stranger is compared {n} times: about {share} of strangers are taken for somebody.",
    frr_meaning: "The share of comparisons of one person with their own photo that are missed. Lower: fewer people are not recognised, more strangers are taken for somebody known.", score_meaning: "How likely it is one person, where both are equally likely beforehand. Higher: fewer strangers are taken for somebody known, more people are not recognised.",
    change: "Change in the settings", models: "Models", model_people: "People", model_faces: "Faces", provider: "runs on", engine: "Engine",
  },
  unit: { seconds: "{n} s", minutes: "{n} min", minutes_seconds: "{m} min {s} s", percent: "{n} %", percent_small: "<1 %", none: "\u2013", fps: "{n} fps", ms: "{n} ms" },
};

// t("live.open", {n: 3}). A key that is not there is shown as it is, so that it is seen.
export function t(key, values = {}) {
  const text = key.split(".").reduce((part, name) => part?.[name], TEXTS);
  if (typeof text !== "string") return key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function has(key) { return t(key) !== key; }
