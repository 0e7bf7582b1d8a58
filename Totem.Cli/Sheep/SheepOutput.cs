using System.Text.Json;

namespace Totem.Cli.Sheep;

/// <summary>Prints what a sheep has to tell, for people or for programs. One writer at a time (locked).</summary>
internal sealed class SheepOutput(TextWriter output, bool isJson)
{
    private readonly Lock _lock = new();

    /// <summary>Prints one event.</summary>
    public void Write(SheepEvent sheepEvent)
    {
        var line = isJson ? JsonSerializer.Serialize(sheepEvent, SheepEventJson.Default.SheepEvent) : ForPeople(sheepEvent);
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static string ForPeople(SheepEvent sheepEvent) => sheepEvent switch
    {
        SheepStarted x => $"* sheep {x.Node} asks to join; {SheepSession.Commands}; Ctrl-D or Ctrl-C leaves",
        SheepEpoch x => $"epoch {x.Epoch} [{string.Join(", ", x.Members)}] {x.Node} {x.Why}",
        SheepNotified x => $"{x.Node}: {x.Text}",
        SheepDone x => $"* {x.What}",
        SheepFailed x => $"* failed: {x.Reason}",
        SheepLogged { Level: "information" } x => $"* {x.Text}",
        SheepLogged x => $"* {x.Level}: {x.Text}",
        _ => sheepEvent.ToString(),
    };
}
