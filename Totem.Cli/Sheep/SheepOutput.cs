using System.Text.Json;
using Totem.Cli.Output;

namespace Totem.Cli.Sheep;

/// <summary>Prints what a sheep has to tell, for people or for programs. One writer at a time (locked).</summary>
internal sealed class SheepOutput(TextWriter output, bool isJson)
{
    private readonly Lock _lock = new();

    /// <summary>Prints one event.</summary>
    public void Write(SheepEvent sheepEvent)
    {
        var line = isJson ? JsonSerializer.Serialize(sheepEvent, SheepEventJson.Default.SheepEvent)
            : $"{ClockTime.Of(sheepEvent.At)} {ForPeople(sheepEvent)}";
        lock (_lock)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    private static string Why(SheepEpoch epoch) => epoch.Reason switch
    {
        null or "left" => epoch.Why,
        "killed" => "left: its process has ended",
        "silent" => "left: it is not heard any more",
        _ => "left: it was started again",
    };

    private static string ForPeople(SheepEvent sheepEvent) => sheepEvent switch
    {
        SheepStarted x => $"* sheep {x.Node} asks to join; {SheepSession.Commands}; Ctrl-D or Ctrl-C leaves",
        SheepEpoch x => $"epoch {x.Epoch} [{string.Join(", ", x.Members)}] {x.Node} {Why(x)}",
        SheepNotified x => $"{x.Node}: {x.Text}",
        SheepDone x => $"* {x.What}",
        SheepFailed x => $"* failed: {x.Reason}",
        SheepLogged { Level: "information" } x => $"* {x.Text}",
        SheepLogged x => $"* {x.Level}: {x.Text}",
        _ => sheepEvent.ToString(),
    };
}
