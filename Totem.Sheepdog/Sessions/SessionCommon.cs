using Totem.Sheepdog.Ordering;

namespace Totem.Sheepdog.Sessions;

/// <summary>The fields that a session has in every state.</summary>
/// <param name="self">The backend's name for it.</param>
/// <param name="options">How it behaves.</param>
internal sealed class SessionCommon(PeerId self, SessionOptions options)
{
    public PeerId Self { get; } = self;

    public SessionOptions Options { get; } = options;

    /// <summary>The sessions that are in the backend's group.</summary>
    public HashSet<PeerId> Peers { get; } = [];

    public KnownDeaths Deaths { get; } = new();

    public SessionOutput Output { get; } = new();

    public OwnTurns Turns { get; } = new(self);

    public OwnLocks Locks { get; } = new(self);

    /// <summary>The node that sheep wants to join as; null before it has asked.</summary>
    public JoinRequest? Request { get; set; }
}
