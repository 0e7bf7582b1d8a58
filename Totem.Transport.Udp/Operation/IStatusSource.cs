namespace Totem.Transport.Udp.Operation;

/// <summary>A member as the status socket sees it. Any thread; nothing here makes the ring's thread wait.</summary>
internal interface IStatusSource
{
    /// <summary>The member at this moment.</summary>
    /// <param name="withGroups">With every group; they are asked of the ring's thread, a few times a second at
    /// most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<MemberStatus> GetStatusAsync(bool withGroups, CancellationToken cancellationToken);

    /// <summary>The last changes of membership, the oldest first.</summary>
    IReadOnlyList<ChangeRecord> Changes { get; }
}
