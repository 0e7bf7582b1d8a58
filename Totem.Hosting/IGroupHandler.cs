namespace Totem.Hosting;

/// <summary>
/// Takes the events of a group, one after the other, in the one order that every member has. A handler that applies
/// messages to its state in this order, and nothing else, has the same state as every other member.
/// </summary>
public interface IGroupHandler
{
    /// <summary>The next event. The one after it is taken when this has completed.</summary>
    /// <param name="element">A message, a change of the membership, or that some members did not come along.</param>
    /// <param name="cancellationToken">Cancelled when the host stops before this has completed.</param>
    /// <returns>A task that completes when the event has been handled. A failure ends the membership, since this
    /// member's state may now differ from the others' (<see cref="TotemSettings.StopsApplication"/>).</returns>
    ValueTask HandleAsync(GroupEvent element, CancellationToken cancellationToken);
}
