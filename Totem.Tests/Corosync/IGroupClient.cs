namespace Totem.Tests.Corosync;

/// <summary>
/// A member of a process group that sends numbered messages and writes down what it is delivered. The process behind
/// it, a real daemon or a member of ours, is nothing that a test of the group looks at.
/// </summary>
internal interface IGroupClient : IAsyncDisposable
{
    /// <summary>The name of the process in the group; valid after it joined.</summary>
    GroupMember Self { get; }

    /// <summary>The events that it was told.</summary>
    GroupLog Log { get; }

    /// <summary>Joins a group, and waits until it is told that it is a member.</summary>
    Task JoinAsync(string group);

    /// <summary>Leaves the group, and waits until it is told so.</summary>
    Task LeaveAsync();

    /// <summary>Begins to send.</summary>
    /// <param name="count">How many messages; 0 goes on until <see cref="StopSendingAsync"/>.</param>
    /// <param name="perSecond">How many at most in a second; 0 for as fast as they are taken.</param>
    void Send(int count, int perSecond = 0);

    /// <summary>Ends the sending.</summary>
    /// <returns>How many messages were taken since the join: the number of the last one.</returns>
    Task<uint> StopSendingAsync();

    /// <summary>Waits until everything was taken that <see cref="Send"/> was asked for.</summary>
    /// <returns>As <see cref="StopSendingAsync"/>.</returns>
    Task<uint> SentAsync();
}
