//! Provisioning resources: what a file system shall have in it, as data, and what is to be changed for it.
//!
//! A [`Bundle`] is a list of [`Resource`]s. [`plan()`] compares it with a [`View`] of a file system and gives the [`Change`]s, which a
//! back end carries out: [`Root`] a directory of this machine, layer assembly a layer of an image, the agent a host.
//!
//! Invariant: planning only looks; the wire format has a version, and an agent refuses one that it does not know.

mod accounts;
mod bundle;
mod by_type;
mod change;
mod command;
mod command_line;
mod condition;
mod content;
mod credentials;
mod diff;
mod difference;
mod directory;
mod edit;
mod error;
mod error_report;
mod extended;
mod facts;
mod failures;
mod gathered;
mod glob;
mod hidden;
mod index;
mod init_system;
mod input;
mod journal;
mod kind;
mod mask;
mod metadata;
mod op;
mod order;
mod overlay;
mod owner;
mod package_system;
mod password_hash;
mod path;
mod plan;
mod removal;
mod report;
mod resource;
mod root;
mod secrets;
mod talk;
mod target;
mod temporary;
mod text;
mod tree_entry;
mod view;

pub use accounts::Records;
pub use bundle::Bundle;
pub use change::{Change, ResourcePlan};
pub use command::Command;
pub use command_line::CommandLine;
pub use condition::Condition;
pub use content::{Content, hexadecimal};
pub use credentials::Credentials;
pub use difference::{Difference, Undeclared, difference};
pub use error::ResourceError;
pub use error_report::ErrorReport;
pub use facts::{Facts, Mode};
pub use gathered::Gathered;
pub use input::Input;
pub use journal::Journal;
pub use kind::Kind;
pub use kind::block::{Block, BlockPolicy};
pub use kind::cron::{Cron, CronPolicy};
pub use kind::directory::{Directory, DirectoryPolicy};
pub use kind::execute::Execute;
pub use kind::fetch::Fetch;
pub use kind::file::{File, FilePolicy};
pub use kind::git::Git;
pub use kind::group::{Group, GroupPolicy};
pub use kind::line::{Line, LinePolicy};
pub use kind::link::{Link, LinkPolicy};
pub use kind::mount::{Mount, MountPolicy};
pub use kind::package::{Package, PackagePolicy};
pub use kind::repo::{Repo, RepoPolicy};
pub use kind::service::{Service, ServicePolicy};
pub use kind::sysctl::{Sysctl, SysctlPolicy};
pub use kind::tree::Tree;
pub use kind::user::{User, UserPolicy};
pub use mask::Mask;
pub use metadata::{FileKind, Metadata};
pub use op::Op;
pub use overlay::{Layered, Overlay};
pub use owner::{Owner, OwnerName, check_user};
pub use package_system::PackageSystem;
pub use password_hash::PasswordHash;
pub use plan::{apply, apply_with, check, check_for, plan, plan_with};
pub use report::{ChangeReport, ResourceReport};
pub use resource::Resource;
pub use root::Root;
pub use secrets::Secrets;
pub use talk::{Answer, Ask, End};
pub use target::Target;
pub use tree_entry::{TreeEntry, TreeNode};
pub use view::View;

/// The version of the format. It goes up with every change that an older agent would misread.
pub const VERSION: u32 = 2;
