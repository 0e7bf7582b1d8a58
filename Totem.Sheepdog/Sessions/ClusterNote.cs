namespace Totem.Sheepdog.Sessions;

/// <summary>A line for the operator's log.</summary>
internal readonly record struct ClusterNote(ClusterLogLevel Level, string Text);
