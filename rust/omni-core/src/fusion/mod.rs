//! Many cameras, one map: who stands where.
//!
//! Late fusion of boxes, without appearance: a multi-sensor filter of multi-Bernoulli kind (Reuter, Vo, Vo and Dietmayer,
//! The labeled multi-Bernoulli filter, 2014), with one hypothesis a person. Everybody has a place, a velocity, a height
//! and odds of being real. A camera's homography and picture size give the vertical, and with it how a person looks in
//! its picture: the middle, the top and the bottom of a box, either end of which may be hidden.
//!
//! One moment goes through [`scene`]: people are predicted ([`object`]); every camera's frame becomes a view ([`view`])
//! with who should be seen in it ([`visibility`]); boxes are assigned by their likelihood ([`likelihood`]) to the people as
//! all other cameras see them ([`associate`]); what is left over may be somebody new ([`birth`]). On the way it is learned
//! how far the cameras lie apart ([`alignment`]), how far the tops of their boxes can be trusted ([`stature`]), and how
//! freely people change their pace ([`pace`]).
//! [`fuser`] keeps the moments in order of time.

mod alignment;
mod associate;
mod belief;
mod birth;
mod camera;
mod config;
mod fuser;
mod identity;
mod likelihood;
mod object;
mod pace;
mod scene;
mod stature;
mod view;
mod visibility;

pub use alignment::CameraOffset;
pub use config::FusionConfig;
pub use fuser::MapFuser;
pub use object::MapObject;
pub use view::{CameraFrame, Observation};
